package main

import (
	"context"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected output in the scripts and in the README")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sagescale": func() { os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, time.Now)) },
	})
}

// The scripts hold what people and checks rely on: answers, messages, exit codes.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireUniqueNames: true, UpdateScripts: *update})
}

// lines returns the lines of s without what surrounds them.
func lines(s string) []string { return strings.Split(strings.TrimSpace(s), "\n") }
