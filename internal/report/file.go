package report

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNotAFile says that something else than a file stands where one should be
// written.
var ErrNotAFile = errors.New("not a regular file")

// File is a file that appears whole or not at all: it is written beside its
// place and moved there by Commit.
type File struct {
	path string
	temp *os.File
	buf  *bufio.Writer
}

// Create begins a file. It fails with ErrNotAFile when the path is that of a
// directory, a symbolic link or a device; a file that is there is replaced by
// Commit.
func Create(path string) (*File, error) {
	info, err := os.Lstat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("create %s: %w: it is a %s", path, ErrNotAFile, kind(info.Mode()))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	return &File{path: path, temp: temp, buf: bufio.NewWriterSize(temp, 1<<20)}, nil
}

// kind names what is no file.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "directory"
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	}
	return "device or pipe"
}

// Write writes to the file.
func (f *File) Write(p []byte) (int, error) { return f.buf.Write(p) }

// Commit puts the file in its place. When it fails nothing is left behind.
func (f *File) Commit() error {
	err := errors.Join(f.buf.Flush(), f.temp.Chmod(0o644), f.temp.Close())
	if err == nil {
		err = os.Rename(f.temp.Name(), f.path)
	}
	if err != nil {
		f.Discard()
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	return nil
}

// Discard drops the file; after Commit it does nothing.
func (f *File) Discard() {
	// Both fail when the file is committed or gone, which is what is wanted.
	_ = f.temp.Close()
	_ = os.Remove(f.temp.Name())
}
