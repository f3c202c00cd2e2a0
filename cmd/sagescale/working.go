package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// patience is how long people wait before they want to know what for.
const patience = 2 * time.Second

// working says what is being done when it takes longer than people like to wait for
// nothing: in a line of its own, or on a terminal in one that is wiped when it is done.
// The caller must call done.
func working(out io.Writer, what string) (done func()) {
	var mu sync.Mutex
	shown, over := false, false
	tell := func() {
		mu.Lock()
		defer mu.Unlock()
		if over {
			return
		}
		shown = true
		fmt.Fprint(out, what+" ...")
		if !isTerminal(out) {
			fmt.Fprintln(out)
		}
	}
	timer := time.AfterFunc(patience, tell)
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		over = true
		if shown && isTerminal(out) {
			fmt.Fprintf(out, "\r%*s\r", len(what)+4, "")
		}
	}
}
