// Package functions_test measures the functions as Lambda runs them: the binary
// alone, from its start to its first poll of the runtime API.
package functions_test

import (
	"archive/zip"
	"compress/flate"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"sagescale/infra/bundle"
	"sagescale/internal/config"
)

// BenchmarkFirstPoll reports, for each function and for a hello-world Lambda that
// is built in the same way in the same run, the time from its start to its first
// poll and the size of its zipped arm64 bundle.
func BenchmarkFirstPoll(b *testing.B) {
	b.Chdir("..")
	bundles := map[bundle.Architecture]bundle.Bundles{}
	for _, arch := range []bundle.Architecture{bundle.ARM64, bundle.Local()} {
		bundles[arch] = bundle.Bundles{Root: b.TempDir(), Architecture: arch}
		if err := bundles[arch].Build(b.Context(), "infra/scaling.yaml"); err != nil {
			b.Fatal(err)
		}
		hello(b, bundles[arch])
	}
	polled, server := runtimeAPI(b)
	for _, name := range append([]string{"hello"}, bundle.Names()...) {
		dir := bundles[bundle.Local()].Dir(name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				start(b, dir, server, polled)
			}
			b.ReportMetric(zipped(b, bundles[bundle.ARM64].Dir(name))/1e6, "zipMB")
		})
	}
}

// hello builds the hello-world function into the bundles.
func hello(b *testing.B, bundles bundle.Bundles) {
	b.Helper()
	if err := bundle.Compile(b.Context(), bundles.Architecture, bundles.Root, "./functions/testdata/hello"); err != nil {
		b.Fatal(err)
	}
	if err := os.Mkdir(bundles.Dir("hello"), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.Rename(filepath.Join(bundles.Root, "hello"), filepath.Join(bundles.Dir("hello"), bundle.Handler)); err != nil {
		b.Fatal(err)
	}
}

// runtimeAPI stands in for Lambda's runtime API: it tells of every poll and
// answers none.
func runtimeAPI(b *testing.B) (polled chan struct{}, address string) {
	b.Helper()
	polled = make(chan struct{}, 1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		polled <- struct{}{}
		<-r.Context().Done()
	})}
	go server.Serve(listener)
	b.Cleanup(func() { server.Close() })
	return polled, listener.Addr().String()
}

// start runs a function until it polls.
func start(b *testing.B, dir, server string, polled <-chan struct{}) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, bundle.Handler))
	cmd.Dir = dir
	cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + server, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		config.EnvRegion + "=eu-west-1", config.EnvFunction + "=bench", config.EnvPolicyFile + "=" + config.PolicyFile,
		config.EnvTable + "=table", config.EnvAccount + "=111122223333", config.EnvAlarmPrefix + "=sagescale",
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	select {
	case <-polled:
	case <-ctx.Done():
		b.Error("the function did not poll within ten seconds")
	}
	cmd.Process.Kill()
	cmd.Wait()
}

// zipped returns the size of a bundle as Lambda stores it, in bytes.
func zipped(b *testing.B, dir string) float64 {
	b.Helper()
	var size counter
	w := zip.NewWriter(&size)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestCompression) })
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return float64(size)
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }
