package simulate

import (
	"flag"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/trace"
	"sagescale/test/page"
	"sagescale/test/price"
)

var update = flag.Bool("update", false, "rewrite the tables of docs/cost.md")

// costPage is the page that says what sagescale costs. The policy that is counted stands
// there, and what the template declares for it, which the tests of infra count.
const costPage = "../../docs/cost.md"

// What else the costs are made of: prices, and the README's count of custom metrics.
const (
	priceList = "../../test/price/prices.csv"
	readme    = "../../README.md"
)

// What a function is taken to need, as nobody can measure it here: for itself, and for
// each call of AWS. It makes the calls of an endpoint one after the other, and those of so
// many endpoints at once, as wire has it.
const (
	ownTime  = 10 * time.Millisecond
	callTime = 60 * time.Millisecond
	parallel = 8
	memoryGB = 128.0 / 1024
)

// A month of AWS's price lists, and how long what is kept is kept.
const (
	monthHours = 730
	kept       = 6 * 7 * 24 * time.Hour // history.
	logMonths  = 12                     // logRetentionDays is 365.
)

// costCase is a deployment whose cost the page gives.
type costCase struct {
	name      string
	endpoints int
	forecasts bool
}

func costCases() []costCase {
	return []costCase{
		{"one endpoint", 1, false},
		{"one, with forecasts", 1, true},
		{"a hundred", 100, false},
		{"a hundred, with forecasts", 100, true},
	}
}

// policyOf is the page's policy, for so many endpoints.
func policyOf(t *testing.T, endpoints int, forecasts bool) *policy.Policy {
	t.Helper()
	text := page.Read(t, costPage, "policy")
	text = strings.TrimSuffix(strings.TrimPrefix(text, "```yaml\n"), "```\n")
	head, target, found := strings.Cut(text, "- endpoint: chat-llm\n")
	if !found {
		t.Fatalf("the policy of %s is\n%s", costPage, text)
	}
	if forecasts {
		target += "  predictive: {mode: ForecastAndScale, instanceCapacity: 1000}\n"
	}
	for i := range endpoints {
		head += fmt.Sprintf("- endpoint: chat-llm-%02d\n", i) + target
	}
	p, err := policyfile.Parse("policy of the page", []byte(head))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// countOf counts some hours of a made-up day, which needs four fifths of the maximum at
// its peak.
func countOf(t *testing.T, endpoints int, forecasts bool, from, hours int) *meter {
	t.Helper()
	p := policyOf(t, endpoints, forecasts)
	const instanceCapacity = 1000
	day := trace.Day(1)
	day = day.Scale(0.8 * float64(p.Targets[0].Limits.Max) * instanceCapacity / day.Quantile(0.999))
	c := Config{
		Policy: p, Start: trace.Epoch().Add(time.Duration(from) * time.Hour), Loads: map[string]Load{},
		Provisioning: 6 * minute, ScaleIn: 2 * minute,
	}
	for _, target := range p.Targets {
		c.Loads[target.Key()] = Load{Requests: day.Requests[60*from : 60*(from+hours)], InstanceCapacity: instanceCapacity}
	}
	return measure(t, c)
}

// of returns what so many endpoints of the same kind, in so many stacks, come to in a
// month.
func (m *meter) of(endpoints, stacks int) counts {
	months := float64(monthHours*60) / float64(m.simulation.steps)
	var out counts
	for q := range out {
		out[q] = months * (float64(stacks)*m.shared[q] + float64(endpoints)*m.own[q])
	}
	days := float64(kept) / float64(24*time.Hour)
	out[historyBytes] = days * float64(endpoints) * m.own[historyBytes]
	out[stateBytes] = float64(endpoints) * m.own[stateBytes]
	return out
}

// seconds is the time of the functions, of so many endpoints in a stack.
func (c counts) seconds(endpoints int) float64 {
	rounds := c[scheduleCalls]/float64(min(parallel, endpoints)) + c[otherCalls]
	return ownTime.Seconds()*c[invocations] + callTime.Seconds()*rounds
}

// What is counted of one endpoint may be multiplied: ten endpoints come to ten times what
// one does, and what their ticks have in common stays.
func TestEndpointsMultiply(t *testing.T) {
	for _, forecasts := range []bool{false, true} {
		one, ten := countOf(t, 1, forecasts, 18, 3), countOf(t, 10, forecasts, 18, 3)
		if one.own[metricsRead] == 0 || one.own[writeUnits] == 0 || one.shared[invocations] == 0 {
			t.Fatalf("nothing was counted: %v, %v", one.shared, one.own)
		}
		for q := range quantities {
			near := func(a, b float64) bool { return math.Abs(a-b) <= 0.01*b }
			if !near(ten.own[q], 10*one.own[q]) || !near(ten.shared[q], one.shared[q]) {
				t.Errorf("forecasts %t, quantity %d: ten endpoints have %v and share %v, one has %v and shares %v",
					forecasts, q, ten.own[q], ten.shared[q], one.own[q], one.shared[q])
			}
		}
		if len(ten.logged) != len(one.logged) {
			t.Errorf("ten endpoints have %d custom metrics, one has %d", len(ten.logged), len(one.logged))
		}
	}
}

// declared reads a row of the table of what the template declares, a number for each case.
func declared(t *testing.T, what string) []float64 {
	t.Helper()
	for line := range strings.Lines(page.Read(t, costPage, "declared")) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if cells[0] != what {
			continue
		}
		var out []float64
		for _, cell := range cells[1:] {
			n, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, n)
		}
		if len(out) == len(costCases()) {
			return out
		}
	}
	t.Fatalf("%s does not say of each case how many are declared: %s", costPage, what)
	return nil
}

// The page gives the counts and their price.
func TestCostPage(t *testing.T) {
	list := price.Read(t, priceList)
	month := bill{t: t, price: list, counted: [][]string{}, dollars: [][]string{}}
	stacks, boards := declared(t, "stacks"), declared(t, "dashboards")
	alarms, fast := declared(t, "alarms"), declared(t, "alarms of high resolution")
	day := map[bool]*meter{false: countOf(t, 1, false, 0, 24), true: countOf(t, 1, true, 0, 24)}
	for i, c := range costCases() {
		m := day[c.forecasts]
		custom := customMetrics(t, c.forecasts)
		if len(m.logged) > custom {
			t.Errorf("%s: %d custom metrics were written, at most are %d", c.name, len(m.logged), custom)
		}
		month.add(m.of(c.endpoints, int(stacks[i])), c, charges{stacks[i], alarms[i], fast[i], boards[i], stacks[i] * float64(custom)})
	}
	page.Shows(t, costPage, "counted", month.table(month.counted), *update)
	page.Shows(t, costPage, "dollars", month.table(month.dollars), *update)
	page.Shows(t, costPage, "prices", list.Of+"\n\n"+list.Table(), *update)
	page.Shows(t, costPage, "difference", month.difference(), *update)
}

// customMetrics is how many custom metrics a deployment writes at most, as the README counts
// them for its dashboard.
func customMetrics(t *testing.T, forecasts bool) int {
	t.Helper()
	part := page.Read(t, readme, "dashboard-metrics")
	count := func(what string) int {
		_, after, _ := strings.Cut(part, "| "+what+" | ")
		number, _, _ := strings.Cut(after, " ")
		n, err := strconv.Atoi(number)
		if err != nil || n == 0 {
			t.Fatalf("%s does not count the %s:\n%s", readme, what, part)
		}
		return n
	}
	own := count("custom metrics of sagescale itself")
	if !forecasts {
		return own
	}
	return own + count("further, where a target forecasts")
}

// charges are what is paid by the month, whatever is done with it.
type charges struct{ stacks, alarms, fast, boards, custom float64 }

// bill is what each case comes to in a month.
type bill struct {
	t                *testing.T
	price            price.List
	counted, dollars [][]string
	totals, other    []float64
}

// add counts a case.
func (b *bill) add(c counts, of costCase, fixed charges) {
	seconds := c.seconds(of.endpoints / int(fixed.stacks))
	b.row(&b.counted, "invocations of the functions", whole(c[invocations]))
	b.row(&b.counted, "their time, in seconds (assumed)", whole(seconds))
	b.row(&b.counted, "metrics read by GetMetricData", whole(c[metricsRead]))
	b.row(&b.counted, "custom metrics", whole(fixed.custom))
	b.row(&b.counted, "log taken in, in MB", whole(c[logBytes]/1e6))
	b.row(&b.counted, "reading units of DynamoDB", whole(c[readUnits]))
	b.row(&b.counted, "writing units of DynamoDB", whole(c[writeUnits]))
	b.row(&b.counted, "events put", whole(c[eventsPut]))
	b.row(&b.counted, "kept in DynamoDB, in MB", fmt.Sprintf("%.1f", (c[historyBytes]+c[stateBytes])/1e6))

	const gb = 1e9
	total := 0.0
	for _, line := range []struct {
		words string
		usd   float64
	}{
		{"alarms", fixed.alarms*b.usd("alarm") + fixed.fast*b.usd("alarm of high resolution")},
		{"custom metrics", fixed.custom * b.usd("custom metric")},
		{"reading metrics", c[metricsRead] * b.usd("metric read by GetMetricData")},
		{"dashboards", fixed.boards * b.usd("dashboard")},
		{"taking the log in", c[logBytes] / gb * b.usd("log taken in")},
		{"keeping the log, after a year", logMonths * c[logBytes] / gb * b.usd("log kept")},
		{"Lambda", c[invocations]*b.usd("invocation of Lambda") + seconds*memoryGB*b.usd("time of Lambda on arm64")},
		{"DynamoDB", c[readUnits]*b.usd("reading unit of DynamoDB") + c[writeUnits]*b.usd("writing unit of DynamoDB") +
			(c[historyBytes]+c[stateBytes])/gb*(b.usd("storage of DynamoDB")+b.usd("recovery of DynamoDB"))},
		{"events", c[eventsPut] * b.usd("event of EventBridge")},
	} {
		b.row(&b.dollars, line.words, usd(line.usd))
		total += line.usd
	}
	others := float64(of.endpoints) * 2 * b.usd("alarm")
	b.row(&b.dollars, "**sagescale**", "**"+usd(total)+"**")
	b.row(&b.dollars, "Application Auto Scaling: its alarms", usd(others))
	b.row(&b.dollars, "the difference, for each endpoint", usd((total-others)/float64(of.endpoints)))
	b.totals, b.other = append(b.totals, total), append(b.other, others)
}

// row adds the cell of one more case to a row.
func (b *bill) row(table *[][]string, words, cell string) {
	for i, row := range *table {
		if row[0] == words {
			(*table)[i] = append(row, cell)
			return
		}
	}
	*table = append(*table, []string{words, cell})
}

// usd is the price of one.
func (b *bill) usd(what string) float64 {
	b.t.Helper()
	return b.price.USD(b.t, what)
}

// difference says what sagescale costs more, and what pays for it.
func (b *bill) difference() string {
	more := b.totals[0] - b.other[0]
	hundred := (b.totals[2] - b.other[2]) / 100
	hours := func(dollars float64) string {
		return fmt.Sprintf("%.1f", math.Ceil(10*dollars/b.usd("ml.g5.xlarge of SageMaker"))/10)
	}
	return fmt.Sprintf(`For one endpoint sagescale costs %s a month, and Application Auto Scaling's alarms %s: %s more,
which is the price of %s hours of one ml.g5.xlarge. For a hundred it is %s more for each, which is
%s hours.
`, usd(b.totals[0]), usd(b.other[0]), usd(more), hours(more), usd(hundred), hours(hundred))
}

func (b *bill) table(rows [][]string) string {
	head := []string{"a month"}
	for _, c := range costCases() {
		head = append(head, c.name)
	}
	return markdown(head, rows)
}

func markdown(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(head)
	b.WriteString("| --- " + strings.Repeat("| ---: ", len(head)-1) + "|\n")
	for _, row := range rows {
		line(row)
	}
	return b.String()
}

// whole writes a number with commas and three digits at most that count.
func whole(v float64) string {
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	if len(digits) > 3 {
		short := strconv.FormatFloat(v, 'g', 3, 64)
		if rounded, err := strconv.ParseFloat(short, 64); err == nil {
			digits = strconv.FormatFloat(rounded, 'f', 0, 64)
		}
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func usd(v float64) string { return fmt.Sprintf("$%.2f", v) }
