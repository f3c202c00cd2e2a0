package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strings"
	"time"

	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/replay"
)

// The page's own files, and uPlot by Leon Sorokin, under the MIT licence beside it.
//
//go:embed page/page.html page/page.css page/page.js page/uplot
var pageFiles embed.FS

// Page is a replay as one HTML file that needs nothing else: no network, no other file.
type Page struct {
	Backtest
	// Timelines are those of the scores but the oracle's, in their order: sagescale's
	// is the first.
	Timelines []replay.Timeline
	Log       *Log
	Frontier  replay.Frontier
	// PeerTarget is the share of an instance that the peers keep loaded.
	PeerTarget float64
	// Command is the command line that made the page, Version that of sagescale.
	Command, Version string
}

// HTML writes the page. Equal pages give equal bytes, and names cannot be more in it
// than text, whatever they are.
func (p Page) HTML(w io.Writer) error {
	view, err := p.view()
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	text, err := pageFiles.ReadFile("page/page.html")
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	t, err := template.New("page").Parse(string(text))
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	if err := t.Execute(w, view); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// view is what the template shows.
type view struct {
	Policy        template.HTMLAttr // of content security
	Styles        []template.CSS
	Scripts       []template.JS
	Target, Trace string
	Dates         string
	Assumptions   [][2]string
	Notes         []string
	Verdict       []string
	Priced        bool
	Columns       []string
	Rows          []scoreRow
	Frontier      []frontierRow
	Bargains      []string
	LeftOut       []string
	Command       string
	Version       string
	Licence       string
	Data          data
}

// scoreRow is a scaler in the table of scores.
type scoreRow struct {
	Name, Note string
	Cells      []string
}

// frontierRow is a rung in words.
type frontierRow struct{ Scaler, Setting, Cost, Lost string }

func (p Page) view() (view, error) {
	data := p.data()
	minutes := p.Trace.Minutes()
	v := view{
		Target: plain.Text(p.Target), Trace: plain.Text(filepath.Base(p.Load)),
		Dates:       fmt.Sprintf("%s, from %s to %s", p.duration(), stamp(minutes.Start), stamp(minutes.Start.Add(time.Duration(len(minutes.Requests))*time.Minute))),
		Assumptions: p.assumptions(),
		Notes:       p.notes(),
		Verdict:     unbroken(p.verdict()),
		Priced:      p.Price > 0,
		Columns:     p.columns(),
		Rows:        p.rows(),
		Frontier:    p.rungs(),
		Bargains:    unbroken(p.bargains()),
		LeftOut:     data.leftOut,
		Command:     plain.Text(p.Command),
		Version:     plain.Text(p.Version),
		Data:        data,
	}
	return v, v.embed()
}

// embed adds the styles and the scripts, and a policy by which nothing else runs and
// nothing is requested.
func (v *view) embed() error {
	licence, err := pageFiles.ReadFile("page/uplot/LICENSE")
	if err != nil {
		return err
	}
	v.Licence = string(licence)
	var styles, scripts []string
	for _, name := range []string{"page/uplot/uPlot.min.css", "page/page.css"} {
		text, err := embedded(name)
		if err != nil {
			return err
		}
		v.Styles = append(v.Styles, template.CSS(text))
		styles = append(styles, hash(text))
	}
	for _, name := range []string{"page/uplot/uPlot.iife.min.js", "page/page.js"} {
		text, err := embedded(name)
		if err != nil {
			return err
		}
		v.Scripts = append(v.Scripts, template.JS(text))
		scripts = append(scripts, hash(text))
	}
	content := fmt.Sprintf("default-src 'none'; base-uri 'none'; form-action 'none'; style-src %s; script-src %s",
		strings.Join(styles, " "), strings.Join(scripts, " "))
	// It has nothing of others in it, and the signs of a hash are to stay as they are.
	v.Policy = template.HTMLAttr(`content="` + content + `"`)
	return nil
}

// embedded reads a file of the page.
func embedded(name string) (string, error) {
	text, err := pageFiles.ReadFile(name)
	return string(bytes.TrimSpace(text)), err
}

// hash is how a content security policy names a text.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// notes say what was done to the load before it was replayed.
func (p Page) notes() []string {
	var out []string
	if p.Instances > 0 {
		out = append(out, fmt.Sprintf("The load is scaled so that the 99.9th percentile of a minute needs %d instances.", p.Instances))
	}
	for _, note := range p.Notes {
		out = append(out, plain.Text(note))
	}
	return out
}

// assumptions are what the replay took for given.
func (p Page) assumptions() [][2]string {
	m := p.Model
	out := [][2]string{
		{"Requests", fmt.Sprintf("%s in %s steps of %s", whole(p.Trace.Total()), whole(float64(len(p.Trace.Requests))), policy.Brief(p.Trace.Step))},
		{"An instance serves", number(m.InstanceCapacity) + " requests a minute"},
		{"Added instances serve after", policy.Brief(m.Provisioning)},
		{"A scale-in keeps the endpoint busy for", policy.Brief(m.ScaleIn)},
		{"A metric is seen after", policy.Brief(m.MetricDelay)},
		{"Limits", fmt.Sprintf("%d to %d instances", m.Limits.Min, m.Limits.Max)},
	}
	if p.Price > 0 {
		out = append(out, [2]string{"Price of an instance hour", "$" + number(p.Price)})
	}
	return out
}

// rows are the scores, with the words that a stranger needs.
func (p Page) rows() []scoreRow {
	var out []scoreRow
	for _, s := range p.Scores {
		row := scoreRow{Name: s.Name, Cells: p.cells(s)}
		if s.Name == oracleName {
			row.Note = "a bound: it knows the future"
		}
		out = append(out, row)
	}
	return out
}

// rungs are the points of the frontier as a table.
func (p Page) rungs() []frontierRow {
	var out []frontierRow
	for _, l := range []struct {
		name  string
		rungs []replay.Rung
	}{{sagescaleName, p.Frontier.Sagescale}, {awsName, p.Frontier.ApplicationAutoScaling}} {
		for _, r := range l.rungs {
			text := setting(r)
			if r.Own {
				text += " (your policy)"
			}
			out = append(out, frontierRow{l.name, text, fmt.Sprintf("%.3f", r.Score.CostOverOracle), fmt.Sprintf("%.4f %%", 100*r.Score.LostFraction)})
		}
	}
	return out
}
