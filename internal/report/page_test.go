package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sagescale/internal/policyfile"
	"sagescale/internal/replay"
	"sagescale/internal/report"
	"sagescale/internal/scaling"
	"sagescale/internal/trace"
)

// hostile is a name that wants to be more than text.
const hostile = "</script><script>window.hacked=1</script><img src=x onerror=hacked=1>\"'`&amp;\u2028\u2029\u202e\x1b[31m{{.}}--><!--${1}"

// days is a made-up load of so many days.
func days(n int) trace.Trace {
	all := trace.Trace{Start: trace.Epoch(), Step: time.Minute}
	for i := range n {
		all.Requests = append(all.Requests, trace.Day(uint64(i)).Requests...)
	}
	return all
}

// replayed is a page about some days, with a name wherever there is one.
func replayed(t *testing.T, name string, n int) report.Page {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scaling.yaml")
	text := `{version: 1, targets: [{endpoint: chat, variant: main, minCapacity: 1, maxCapacity: 20,
  targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}], predictive: {mode: ForecastAndScale, instanceCapacity: 1000}}]}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := policyfile.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	target, load := p.Targets[0], days(n)
	out := report.Page{
		Backtest: report.Backtest{
			Load: "dir/" + strings.ReplaceAll(name, "/", "∕"), Trace: load, Target: name, Price: 1.41,
			Model: replay.Model{InstanceCapacity: 1000, Limits: target.Limits, Provisioning: 6 * time.Minute, ScaleIn: 2 * time.Minute, MetricDelay: time.Minute},
		},
		Log: &report.Log{}, PeerTarget: 0.7, Command: "sagescale backtest --trace " + name, Version: name,
	}
	ideal := replay.Oracle(out.Model, load.Requests)
	scalers := []replay.Scaler{&replay.Sagescale{Target: target, Decisions: out.Log.Add}}
	for _, peer := range replay.Peers(0.7) {
		scalers = append(scalers, peer)
	}
	for _, s := range scalers {
		line, err := replay.Run(t.Context(), out.Model, load, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		out.Timelines = append(out.Timelines, line)
		out.Scores = append(out.Scores, line.Score(out.Model, ideal))
	}
	out.Scores = append(out.Scores, ideal.Score(out.Model, ideal))
	// A frontier of an hour has as many points, and takes less.
	out.Frontier, err = replay.RunFrontier(t.Context(), out.Model, trace.Trace{Start: load.Start, Step: load.Step, Requests: load.Requests[480:540]}, target, replay.DefaultTracking(0.7), nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// html is the page as written.
func html(t *testing.T, p report.Page) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := p.HTML(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A name is text in the page, whatever it is: there are as many scripts and elements as
// with a plain one, and no character that turns or hides others.
func TestPageTakesNamesAsText(t *testing.T) {
	harmless, harmful := string(html(t, replayed(t, "chat", 1))), string(html(t, replayed(t, hostile, 1)))
	for _, tag := range []string{"<script", "</script", "<img", "<!--", "<style"} {
		if a, b := strings.Count(harmless, tag), strings.Count(harmful, tag); a != b {
			t.Errorf("%d of %s, and %d with a hostile name", a, tag, b)
		}
	}
	for _, c := range []string{"\u2028", "\u2029", "\u202e", "\x1b"} {
		if strings.Count(harmful, c) != strings.Count(harmless, c) {
			t.Errorf("the page has a %+q of a name", c)
		}
	}
}

// Equal replays make equal bytes.
func TestPageIsDeterministic(t *testing.T) {
	if a, b := html(t, replayed(t, "chat", 1)), html(t, replayed(t, "chat", 1)); !bytes.Equal(a, b) {
		t.Error("two pages of one replay differ")
	}
}

// Two weeks fit into three megabytes, and nothing is left out of them.
func TestPageSize(t *testing.T) {
	text := html(t, replayed(t, "chat", 14))
	if len(text) > 3_000_000 {
		t.Errorf("the page of 14 days has %d bytes", len(text))
	}
	if bytes.Contains(text, []byte(`id="left-out"`)) {
		t.Error("something is left out")
	}
}

// What there is no room for is left out, reasons of quiet times first, and the page says so.
func TestPageSaysWhatIsLeftOut(t *testing.T) {
	const minutes = 20_000
	p := replayed(t, "chat", 1)
	p.Trace.Requests = make([]float64, minutes)
	p.Timelines = []replay.Timeline{{Name: "sagescale", Start: trace.Epoch(), Rows: make([]replay.Row, minutes), Changes: []replay.Change{{From: 1, To: 2, At: 5000, Effect: 5006, Free: 5006}}}}
	p.Log = &report.Log{}
	for i := range minutes {
		desired, code := 1, []scaling.Code{scaling.MissingData, scaling.AlreadyAtDesired}[i%2]
		if i >= 5000 {
			desired = 2
		}
		p.Log.Add(i, scaling.Decision{DesiredCapacity: desired, MinCapacity: 1, MaxCapacity: 8,
			NotScaledReasons: []scaling.Reason{{Code: code, Message: fmt.Sprintf("minute %d %s", i, strings.Repeat("because ", 30))}}})
	}
	text := html(t, p)
	if len(text) > 3_000_000 {
		t.Errorf("the page has %d bytes", len(text))
	}
	left := string(regexp.MustCompile(`id="left-out">.*</p>`).Find(text))
	if !strings.Contains(left, "why nothing was done in ") || strings.Contains(left, "the rules of") {
		t.Errorf("the page says it leaves out: %s", left)
	}
	if !bytes.Contains(text, []byte("minute 5000 because")) || !bytes.Contains(text, []byte("minute 0 because")) || bytes.Contains(text, []byte("minute 19999 because")) {
		t.Error("the change, or the first reasons, are left out, or the last are not")
	}
}

// Nothing is requested, and no script or style runs but the page's own, which the
// policy of content security names by their hashes.
func TestPageForbidsRequests(t *testing.T) {
	text := html(t, replayed(t, "chat", 1))
	for _, want := range []string{`default-src 'none'`, `base-uri 'none'`, `form-action 'none'`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the policy of content security has no %s", want)
		}
	}
	policy := regexp.MustCompile(`content="([^"]*)"`).FindSubmatch(text)[1]
	if n := bytes.Count(policy, []byte("'sha256-")); n != 4 || bytes.Contains(policy, []byte("unsafe")) {
		t.Errorf("the policy has %d hashes, want 4: %s", n, policy)
	}
	if found := regexp.MustCompile(`(?:src|href|action)=`).Find(regexp.MustCompile(`(?s)<script.*?</script>`).ReplaceAll(text, nil)); found != nil {
		t.Errorf("the page refers to something: %s", found)
	}
}

// The table has the figures of the text.
func TestPageHasTheFiguresOfTheText(t *testing.T) {
	p := replayed(t, "chat", 1)
	var text bytes.Buffer
	if err := p.Text(&text); err != nil {
		t.Fatal(err)
	}
	page := string(html(t, p))
	rows := regexp.MustCompile(`(?s)<table id="scores">.*?</table>`).FindString(page)
	for _, s := range p.Scores {
		line := regexp.MustCompile(`(?m)^.* ` + s.Name + `$`).FindString(text.String())
		row := regexp.MustCompile(`(?s)<tr class="s-` + s.Name + `">.*?</tr>`).FindString(rows)
		for figure := range strings.FieldsSeq(strings.ReplaceAll(strings.TrimSuffix(line, s.Name), " %", "%")) {
			if !strings.Contains(strings.ReplaceAll(row, " %", "%"), "<td>"+figure+"</td>") {
				t.Errorf("%s has no %s: %s", s.Name, figure, row)
			}
		}
	}
}

// The verdict says what is more and what is less, and never better of what is not.
func TestVerdict(t *testing.T) {
	own := replay.Score{Name: "sagescale", InstanceHours: 100, LostRequests: 50, LostFraction: 0.005}
	peer := func(name string, hours, lost float64) replay.Score {
		return replay.Score{Name: name, InstanceHours: hours, LostRequests: lost, LostFraction: lost / 10000}
	}
	const aas, beside = "application-auto-scaling", "Beside Application Auto Scaling, sagescale would have used "
	for name, c := range map[string]struct {
		price  float64
		scores []replay.Score
		want   []string
		not    string
	}{
		"alone":      {0, nil, []string{"In these 3 days sagescale with this policy would have used 100 instance hours and lost 0.500 % of the requests."}, "Beside"},
		"the oracle": {0, []replay.Score{peer("oracle", 50, 0)}, nil, "Beside"},
		"a price":    {1.41, nil, []string{"100 instance hours ($141)"}, ""},
		"a trade": {0, []replay.Score{peer(aas, 125, 25), peer("hpa", 1, 1)}, []string{"Application Auto Scaling, kept at 70 % of what an instance serves: 125 instance hours and 0.250 % of the requests.",
			beside + "20 % fewer instance hours and lost 2 times as many requests: cheaper, and it lost more."}, "HPA"},
		"the other trade":    {0, []replay.Score{peer(aas, 80, 100)}, []string{beside + "25 % more instance hours and lost 50 % fewer requests: dearer, and it lost less."}, "cheaper"},
		"less of both":       {0, []replay.Score{peer(aas, 200, 60)}, []string{beside + "50 % fewer instance hours and lost 16.7 % fewer requests: less of one, and no more of the other."}, ""},
		"more of both":       {0, []replay.Score{peer(aas, 50, 0)}, []string{beside + "100 % more instance hours and lost 50 requests where it lost none: more of one, and no less of the other."}, "fewer"},
		"the same":           {0, []replay.Score{peer(aas, 100, 50)}, []string{beside + "as many instance hours and lost as many requests."}, ":  "},
		"another peer":       {0, []replay.Score{peer("kpa", 101, 50)}, []string{"Knative&#39;s autoscaler, kept at 70 %", "Beside Knative&#39;s autoscaler, sagescale would have used 1 % fewer"}, ""},
		"not quite the same": {0, []replay.Score{peer(aas, 100.0001, 50.0001)}, []string{"less than 0.1 % fewer instance hours and lost less than 0.1 % fewer requests"}, ""},
	} {
		p := report.Page{
			Backtest:   report.Backtest{Target: "chat/main", Load: "load.csv", Trace: days(3), Price: c.price, Scores: append([]replay.Score{own}, c.scores...)},
			Timelines:  []replay.Timeline{{Name: "sagescale", Rows: make([]replay.Row, 3*24*60)}},
			PeerTarget: 0.7,
		}
		got := strings.ReplaceAll(regexp.MustCompile(`<div id="verdict">.*</div>`).FindString(string(html(t, p))), "\u00a0", " ")
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in %s", name, want, got)
			}
		}
		if c.not != "" && strings.Contains(got, c.not) || strings.Contains(got, "better") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// What others have written is as they published it: uPlot 1.6.32, from npm.
func TestPageBringsUPlotAsPublished(t *testing.T) {
	for name, want := range map[string]string{
		"uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
		"uPlot.min.css":     "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
		"LICENSE":           "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
	} {
		text, err := os.ReadFile(filepath.Join("page", "uplot", name))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is not that of uPlot 1.6.32: %s", name, hex.EncodeToString(sum[:]))
		}
	}
	if !bytes.Contains(html(t, replayed(t, "chat", 1)), []byte("Permission is hereby granted")) {
		t.Error("the page does not bring the licence of uPlot")
	}
}

// A file that cannot be written is told.
func TestPageFails(t *testing.T) {
	p := replayed(t, "chat", 1)
	if err := p.HTML(fullDisk{}); err == nil {
		t.Error("a page that was not written is taken for one")
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, fmt.Errorf("no space left") }

// What was done to the load before is on the page, whatever it says.
func TestPageSaysWhatWasDoneToTheLoad(t *testing.T) {
	p := replayed(t, "chat", 1)
	p.Instances, p.Notes = 20, []string{"Of 28788 minutes 60 had no datapoint <b>at all</b>."}
	page := string(html(t, p))
	for _, want := range []string{"99.9th percentile of a minute needs 20 instances", "60 had no datapoint &lt;b&gt;at all"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
