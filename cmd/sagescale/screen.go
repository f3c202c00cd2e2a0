package main

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"

	"sagescale/internal/report"
)

// isTerminal reports whether people look at what is written.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// screenOf is what is known of where an answer is shown. On a pipe nothing is cut and
// nothing coloured, unless COLUMNS says how wide it is; NO_COLOR and a terminal called
// dumb have no colour either.
func screenOf(out io.Writer) report.Screen {
	columns, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || columns < 1 {
		columns = 0
	}
	if !isTerminal(out) {
		return report.Screen{Width: columns}
	}
	if width, _, err := term.GetSize(int(out.(*os.File).Fd())); err == nil && columns == 0 {
		columns = width
	}
	return report.Screen{Width: columns, Colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}
