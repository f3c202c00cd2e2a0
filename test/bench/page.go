package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
)

// writePage writes the tables of the page, over the made-up loads.
func writePage(ctx context.Context, path, command, policyPath string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read page: %w", err)
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is of no use to anybody
	traces := filepath.FromSlash(madeUp)
	if err := writeShapes(traces); err != nil {
		return err
	}
	page := string(text)
	s := scorer{command, policyPath, traces, dir, map[string][]load{}}
	for _, part := range []struct {
		name  string
		table func(context.Context, scorer) (string, error)
	}{{"scores", scoreTables}, {"variations", variationTable}, {"ablation", ablationTable}, {"defaults", defaultTables}} {
		table, err := part.table(ctx, s)
		if err != nil {
			return err
		}
		if page, err = replacePart(page, part.name, table); err != nil {
			return err
		}
	}
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// replacePart puts a text between the markers of a part of the page.
func replacePart(page, part, text string) (string, error) {
	before, _, after, err := cutPart(page, part)
	if err != nil {
		return "", err
	}
	return before + "\n" + text + "\n" + after, nil
}

// cutPart returns a part of the page, and what is before and after it; the markers do
// not belong to it.
func cutPart(page, part string) (before, inside, after string, err error) {
	begin, end := "<!-- "+part+":begin -->\n", "<!-- "+part+":end -->"
	before, rest, begins := strings.Cut(page, begin)
	inside, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return "", "", "", fmt.Errorf("find part %s of the page: its markers are not there", part)
	}
	return before + begin, inside, end + after, nil
}

// header begins a table.
func header(b *strings.Builder, columns ...string) {
	fmt.Fprintf(b, "| %s |\n|%s%s\n", strings.Join(columns, " | "), " --- |", strings.Repeat(" ---: |", len(columns)-1))
}

// scoreTables shows how each scaler met each load, then the means.
func scoreTables(ctx context.Context, s scorer) (string, error) {
	all, err := s.scores(ctx, variation{}, allPeers)
	if err != nil {
		return "", err
	}
	without, err := s.own(ctx, variation{changes: []change{mode("Off")}})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	header(&b, "load and scaler", "lost", "over oracle", "J(10)", "J(100)", "changes a day", "reversals a day")
	sums := map[string][]score{}
	var names []string
	show := func(name string, v score) {
		fmt.Fprintf(&b, "| %s | %.3f %% | %.3f | %.3f | %.3f | %.1f | %.1f |\n", name, 100*v.lost, v.cost, v.j10, v.j100, v.changes, v.reversals)
	}
	for i, l := range all {
		fmt.Fprintf(&b, "| **%s** | | | | | | |\n", l.name)
		own := []scaler{l.scalers[0], {"sagescale without forecasts", without[i]}}
		for _, v := range append(own, l.scalers[1:]...) {
			show(v.name, v.score)
			name, _, _ := strings.Cut(v.name, " (") // the best target differs by load
			if sums[name] == nil {
				names = append(names, name)
			}
			sums[name] = append(sums[name], v.score)
		}
	}
	fmt.Fprintln(&b, "| **mean** | | | | | | |")
	for _, name := range names {
		show(name, mean(sums[name]))
	}
	return b.String(), nil
}

// variationTable shows the means of the policy with one thing changed at a time.
func variationTable(ctx context.Context, s scorer) (string, error) {
	var b strings.Builder
	header(&b, "variation", "lost", "objective kept", "over oracle", "J(10)", "J(100)", "changes a day")
	for _, v := range append([]variation{{title: "As it is"}}, variations()...) {
		all, err := s.own(ctx, v)
		if err != nil {
			return "", err
		}
		kept, err := s.kept(v, all)
		if err != nil {
			return "", err
		}
		m := mean(all)
		fmt.Fprintf(&b, "| %s | %.3f %% | %s | %.3f | %.3f | %.3f | %.1f |\n", v.title, 100*m.lost, kept, m.cost, m.j10, m.j100, m.changes)
	}
	return b.String(), nil
}

// ablationTable shows the means without one idea at a time, and the load that is served the
// worse for it, by J(10).
func ablationTable(ctx context.Context, s scorer) (string, error) {
	whole, err := s.scores(ctx, variation{}, "none")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	header(&b, "without one idea", "lost", "over oracle", "J(10)", "J(100)", "changes a day", "J(10) of the worst load, and with it")
	for _, a := range append([]ablation{{title: "As it is"}}, ablations()...) {
		all := whole
		if a.file != "" {
			without := scorer{policy: s.policy, traces: s.traces, dir: s.dir, known: map[string][]load{}}
			if without.command, err = a.build(ctx, s.dir); err != nil {
				return "", err
			}
			if all, err = without.scores(ctx, variation{}, "none"); err != nil {
				return "", err
			}
		}
		var own []score
		worst := 0
		for i, l := range all {
			own = append(own, l.scalers[0].score)
			if own[i].j10/whole[i].scalers[0].j10 > own[worst].j10/whole[worst].scalers[0].j10 {
				worst = i
			}
		}
		m := mean(own)
		fmt.Fprintf(&b, "| %s | %.3f %% | %.3f | %.3f | %.3f | %.1f | `%s` %.3f, %.3f |\n", a.title, 100*m.lost, m.cost, m.j10, m.j100, m.changes,
			all[worst].name, own[worst].j10, whole[worst].scalers[0].j10)
	}
	return b.String(), nil
}

// kept says on how many loads no more was lost than the objective of the varied policy
// allows.
func (s scorer) kept(v variation, all []score) (string, error) {
	changed, err := v.apply(s.policy, s.dir)
	if err != nil {
		return "", err
	}
	t, err := compiled(changed)
	if err != nil {
		return "", err
	}
	if !t.Predictive.Mode.Forecasts() {
		return "it has none", nil
	}
	n := 0
	for _, one := range all {
		if one.lost <= 1-t.Predictive.ServiceObjective {
			n++
		}
	}
	return fmt.Sprintf("on %d of %d", n, len(all)), nil
}

// compiled returns the target of a policy.
func compiled(path string) (policy.Target, error) {
	p, err := policyfile.Load(path)
	if err != nil {
		return policy.Target{}, err
	}
	return p.Targets[0], nil
}

// defaultTables shows the means for other values of each knob.
func defaultTables(ctx context.Context, s scorer) (string, error) {
	var b strings.Builder
	for i, k := range knobs() {
		if i > 0 {
			fmt.Fprintln(&b)
		}
		standard, err := s.standard(k)
		if err != nil {
			return "", err
		}
		means := make([]score, len(k.values))
		for j, v := range k.values {
			all, err := s.own(ctx, variation{changes: k.vary(v)})
			if err != nil {
				return "", err
			}
			means[j] = mean(all)
		}
		k.table(&b, standard, means)
	}
	return b.String(), nil
}

// standard returns the value of a knob where the policy leaves it out.
func (s scorer) standard(k knob) (string, error) {
	path, err := variation{changes: k.leftOut}.apply(s.policy, s.dir)
	if err != nil {
		return "", err
	}
	t, err := compiled(path)
	if err != nil {
		return "", err
	}
	return k.standard(t), nil
}

// table shows the means for each value of a knob, that of the standard in bold, and says
// whether another does better.
func (k knob) table(b *strings.Builder, standard string, means []score) {
	fmt.Fprintf(b, "### %s\n\n", k.name)
	if k.about != "" {
		fmt.Fprintf(b, "%s\n\n", k.about)
	}
	header(b, "value", "lost", "over oracle", "J(10)", "J(100)", "changes a day")
	for i, v := range k.values {
		shown := v
		if v == standard {
			shown = "**" + v + "**"
		}
		m := means[i]
		fmt.Fprintf(b, "| %s | %.3f %% | %.3f | %.3f | %.3f | %.1f |\n", shown, 100*m.lost, m.cost, m.j10, m.j100, m.changes)
	}
	j10 := k.least(means, func(s score) float64 { return s.j10 })
	j100 := k.least(means, func(s score) float64 { return s.j100 })
	fmt.Fprintf(b, "\n%s\n", k.verdict(standard, j10, j100))
}

// least returns the values of the knob with the least score as it is shown.
func (k knob) least(means []score, of func(score) float64) []string {
	var out []string
	best := math.Inf(1)
	for i, m := range means {
		switch shown := math.Round(1000*of(m)) / 1000; {
		case shown < best:
			best, out = shown, []string{k.values[i]}
		case shown == best:
			out = append(out, k.values[i])
		}
	}
	return out
}

// verdict says which values are the best ones, and why the standard is kept if it is not.
func (k knob) verdict(standard string, j10, j100 []string) string {
	inJ10, inJ100 := slices.Contains(j10, standard), slices.Contains(j100, standard)
	switch {
	case inJ10 && inJ100 && len(j10) == len(k.values) && len(j100) == len(k.values):
		return "All do the same."
	case inJ10 && inJ100:
		return "None does better than " + standard + "."
	}
	found := fmt.Sprintf("Least J(10): %s; least J(100): %s.", strings.Join(j10, " and "), strings.Join(j100, " and "))
	if inJ10 || inJ100 {
		return found + " " + standard + " is kept: " + k.kept + "."
	}
	return found + " " + standard + " is the best by neither, and is kept: " + k.kept + "."
}
