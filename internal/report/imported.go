package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"sagescale/internal/migrate"
	"sagescale/internal/plain"
	"sagescale/internal/shell"
)

// Imported is what became of what Application Auto Scaling has registered. Policy is the
// text of the policy file, which was written to File, or to no file. Others are variants of
// the endpoints that are not registered. Backtest is nil when nothing was replayed. On is
// where the commands that are shown work.
type Imported struct {
	Region   string
	Targets  []migrate.Target
	Others   []string
	Policy   string
	File     string
	Backtest *Backtest
	On       shell.Place
}

// imported is what is said of one target to machines.
type imported struct {
	Endpoint    string               `json:"endpoint"`
	Variant     string               `json:"variant"`
	Complete    bool                 `json:"complete"`
	Differences []migrate.Difference `json:"differences"`
}

// JSON writes it for machines, the policy file as a text.
func (i Imported) JSON(w io.Writer) error {
	out := struct {
		Region        string          `json:"region"`
		Complete      bool            `json:"complete"`
		Targets       []imported      `json:"targets"`
		NotRegistered []string        `json:"notRegistered,omitempty"`
		PolicyFile    string          `json:"policyFile"`
		File          string          `json:"file,omitempty"`
		Backtest      json.RawMessage `json:"backtest,omitempty"`
	}{Region: i.Region, Complete: i.Complete(), NotRegistered: i.Others, PolicyFile: i.Policy, File: i.File}
	for _, t := range i.Targets {
		all := append([]migrate.Difference{}, t.Differences...)
		out.Targets = append(out.Targets, imported{*t.Spec.Endpoint, *t.Spec.Variant, t.Complete(), all})
	}
	if i.Backtest != nil {
		var text bytes.Buffer
		if err := i.Backtest.JSON(&text); err != nil {
			return err
		}
		out.Backtest = text.Bytes()
	}
	return writeJSON(w, out)
}

// Complete reports whether all that is registered is in the policy.
func (i Imported) Complete() bool {
	for _, t := range i.Targets {
		if !t.Complete() {
			return false
		}
	}
	return true
}

// Text writes for people what differs, and what came of the replay. The policy is not in
// it: it is in its file.
func (i Imported) Text(w io.Writer) error {
	var b strings.Builder
	for _, t := range i.Targets {
		i.target(&b, t)
	}
	for _, name := range i.Others {
		b.WriteString(wrap(name+" is not registered with Application Auto Scaling, and not in the policy.", ""))
	}
	if i.Backtest != nil {
		b.WriteString("\n")
		if err := i.Backtest.Text(&b); err != nil {
			return err
		}
	}
	b.WriteString("\n" + wrap("The policy is in "+i.File+". Look at it, and deploy it; nothing is scaled by it "+
		"before the hand-over:", ""))
	for _, t := range i.Targets {
		b.WriteString(pasted("  ", i.On, "sagescale hand-over "+*t.Spec.Endpoint+"/"+*t.Spec.Variant))
	}
	_, err := io.WriteString(w, plain.Text(b.String()))
	return err
}

// target says what differs of one target.
func (i Imported) target(b *strings.Builder, t migrate.Target) {
	s := t.Spec
	parts := []string{fmt.Sprintf("limits %d to %d", *s.MinCapacity, *s.MaxCapacity)}
	for _, list := range []struct {
		n     int
		thing string
	}{{len(s.TargetTracking), "tracked metric"}, {len(s.StepScaling), "step alarm"}, {len(s.ScheduledActions),
		"scheduled action"}} {
		if list.n > 0 {
			parts = append(parts, plural(list.n, list.thing))
		}
	}
	b.WriteString(wrap(fmt.Sprintf("%s/%s: %s", *s.Endpoint, *s.Variant, strings.Join(parts, ", ")), ""))
	for _, d := range t.Differences {
		label := map[migrate.Kind]string{migrate.LeftOut: "LEFT OUT", migrate.Changed: "changed",
			migrate.Otherwise: "otherwise"}[d.Kind]
		section(b, label, d.String())
	}
}
