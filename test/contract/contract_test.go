//go:build local

package contract

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"sagescale/test/localaccount"
)

// patience bounds one behaviour.
const patience = 30 * time.Second

// behaviour is one thing that every implementation of a port does. check gets
// the name of an endpoint that nobody has used yet.
type behaviour[S any] struct {
	name  string
	check func(ctx context.Context, t *testing.T, s S, endpoint string)
}

// implementation is one implementation of a port. skip has the behaviours that
// it cannot show, and why.
type implementation[S any] struct {
	name    string
	subject S
	skip    map[string]string
}

func TestContract(t *testing.T) {
	account, err := localaccount.Start(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	stopLater(t, account)
	stores := []implementation[storeSubject]{simulatedStore(), sdkStore(t, "MiniStack", account.AWSConfig())}
	judge, err := localaccount.StartDynamoDB(t.Context(), ".")
	switch {
	case errors.Is(err, localaccount.ErrNotInstalled):
		t.Logf("the store is judged by MiniStack alone: %v", err)
	case err != nil:
		t.Fatal(err)
	default:
		stopLater(t, judge)
		stores = append(stores, sdkStore(t, "DynamoDB Local", judge.AWSConfig()))
	}

	var out report
	run(t, &out, "endpoints", endpointsBehaviours(), []implementation[endpointsSubject]{
		simulatedEndpoints(),
		motoEndpoints(account),
	})
	run(t, &out, "metrics", metricsBehaviours(), []implementation[metricsSubject]{
		simulatedMetrics(),
		ministackMetrics(account),
	})
	run(t, &out, "store", storeBehaviours(), stores)
	run(t, &out, "registrations", registrationsBehaviours(), []implementation[registrationsSubject]{motoRegistrations(account)})
	t.Logf("\n%s", out.String())
}

// stopLater stops a server at the end of the test and shows what it wrote if the
// test failed.
func stopLater(t *testing.T, server interface {
	Logs() string
	Stop() error
}) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(server.Logs())
		}
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
}

// run checks every behaviour of a port on every implementation.
func run[S any](t *testing.T, out *report, port string, behaviours []behaviour[S], all []implementation[S]) {
	header := []string{port}
	for _, x := range all {
		header = append(header, x.name)
		checkSkips(t, x, behaviours)
	}
	out.row(header...)
	for i, b := range behaviours {
		cells := []string{b.name}
		for _, x := range all {
			if reason := x.skip[b.name]; reason != "" {
				cells = append(cells, out.skipped(reason))
				continue
			}
			endpoint := fmt.Sprintf("%s-%d", port, i)
			passed := t.Run(port+"/"+b.name+"/"+x.name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				b.check(ctx, t, x.subject, endpoint)
			})
			cells = append(cells, map[bool]string{true: "ok", false: "FAILED"}[passed])
		}
		out.row(cells...)
	}
	out.row()
}

// checkSkips checks that what is skipped exists.
func checkSkips[S any](t *testing.T, x implementation[S], behaviours []behaviour[S]) {
	known := map[string]bool{}
	for _, b := range behaviours {
		known[b.name] = true
	}
	for name := range x.skip {
		if !known[name] {
			t.Errorf("%s skips %q, which is no behaviour", x.name, name)
		}
	}
}

// report is the table of what was found. Reasons are footnotes.
type report struct {
	rows    [][]string
	reasons []string
}

func (r *report) row(cells ...string) { r.rows = append(r.rows, cells) }

func (r *report) skipped(reason string) string {
	for i, known := range r.reasons {
		if known == reason {
			return fmt.Sprintf("skipped (%d)", i+1)
		}
	}
	r.reasons = append(r.reasons, reason)
	return fmt.Sprintf("skipped (%d)", len(r.reasons))
}

func (r *report) String() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	for _, row := range r.rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // a strings.Builder takes everything
	for i, reason := range r.reasons {
		fmt.Fprintf(&text, "(%d) %s\n", i+1, reason)
	}
	return text.String()
}
