package report

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/guptarohit/asciigraph"

	"sagescale/internal/simulate"
)

// highestShown bounds the axis: a load beyond it is one that was measured wrongly.
const highestShown = 1e12

const (
	plotColumns = 70 // of data; with the axis a line has less than 80
	plotRows    = 14 // at most, of whole instances
)

// Plot draws the load, as the instances that it needs, and the capacity in
// service over time, without colour and within 80 columns.
// pre: rows is not empty, instanceCapacity > 0
func Plot(rows []simulate.Row, instanceCapacity float64) string {
	c := Course{Start: rows[0].Time}
	for _, r := range rows {
		c.Load = append(c.Load, r.Requests/instanceCapacity)
		c.Capacity = append(c.Capacity, float64(r.InService))
	}
	return c.Plot()
}

// Course is a load and a capacity by the minute, either of them with NaN where it is not
// known. Both have as many minutes, or one of them has none and is not drawn.
type Course struct {
	Start          time.Time
	Load, Capacity []float64
}

// Plot draws a course without colour and within 80 columns. Where one column stands for
// several minutes it shows the one with the highest load, and the capacity of that same
// minute, so that no shortage is hidden and none made up. What is not known is a gap.
// pre: there are minutes
func (c Course) Plot() string {
	top := min(highestShown, max(1, math.Ceil(max(highest(c.Load), highest(c.Capacity)))))
	step := rowStep(top)
	height := math.Ceil(top / step)
	label := len(fmt.Sprintf("%.0f", step*height))
	width := max(2, min(plotColumns, lineWidth-3-label, c.minutes()))
	graph := asciigraph.PlotMany(c.columns(width),
		asciigraph.Height(int(height)),
		asciigraph.LowerBound(0),
		asciigraph.UpperBound(step*height),
		asciigraph.Precision(0),
		asciigraph.SeriesChars(c.characters()...),
	)
	lines := strings.Split(graph, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	end := c.Start.Add(time.Duration(c.minutes()) * time.Minute)
	return strings.Join(lines, "\n") + "\n" + axis(c.Start, end, width, axisColumn(lines[0]))
}

func (c Course) minutes() int { return max(len(c.Load), len(c.Capacity)) }

// characters are what the lines of columns are drawn with.
func (c Course) characters() []asciigraph.CharSet {
	var out []asciigraph.CharSet
	if c.Capacity != nil {
		out = append(out, asciigraph.DefaultCharSet)
	}
	if c.Load != nil {
		out = append(out, asciigraph.CreateCharSet("•"))
	}
	return out
}

// rowStep is how much one row of a plot is worth: a whole number, a round one where it is
// large.
func rowStep(top float64) float64 {
	step := math.Ceil(top / plotRows)
	if step <= 10 {
		return step
	}
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, round := range []float64{1, 2, 5} {
		if step <= round*power {
			return round * power
		}
	}
	return 10 * power
}

// columns makes a value for each column of the lines that are drawn: the capacity, then the
// load.
func (c Course) columns(n int) [][]float64 {
	var load, capacity []float64
	total := c.minutes()
	for i := range n {
		from, to := i*total/n, max((i+1)*total/n, i*total/n+1)
		at := from
		for m := from + 1; m < to; m++ {
			if c.Load != nil && (c.Load[m] > c.Load[at] || math.IsNaN(c.Load[at])) {
				at = m
			}
		}
		if c.Load != nil {
			load = append(load, min(c.Load[at], highestShown))
		}
		if c.Capacity != nil {
			capacity = append(capacity, c.Capacity[at])
		}
	}
	if capacity == nil {
		return [][]float64{load}
	}
	if load == nil {
		return [][]float64{capacity}
	}
	return [][]float64{capacity, load}
}

// highest returns the highest of the values that are known, 0 for none.
func highest(values []float64) float64 {
	most := 0.0
	for _, v := range values {
		if v > most {
			most = v
		}
	}
	return most
}

// axisColumn returns the column of the vertical axis in a line of a graph.
func axisColumn(line string) int {
	at := strings.IndexAny(line, "┤┼")
	return utf8.RuneCountInString(line[:max(0, at)])
}

// axis is the time axis below a graph: ticks at round times, in UTC.
func axis(from, to time.Time, width, margin int) string {
	ticks := []rune(strings.Repeat(" ", margin) + "└" + strings.Repeat("─", width))
	labels := []rune(strings.Repeat(" ", margin+width+8))
	step := tickStep(to.Sub(from))
	layout := "15:04"
	if step >= 24*time.Hour {
		layout = "Jan 2"
	}
	first := from.UTC().Truncate(step)
	if first.Before(from) {
		first = first.Add(step)
	}
	free := 0
	for t := first; !t.After(to); t = t.Add(step) {
		at := margin + 1 + int(float64(width-1)*float64(t.Sub(from))/float64(to.Sub(from)))
		label := t.UTC().Format(layout)
		start := max(0, at-len(label)/2)
		if start < free || start+len(label) > 79 {
			continue
		}
		ticks[at] = '┬'
		copy(labels[start:], []rune(label))
		free = start + len(label) + 1
	}
	return string(ticks) + "\n" + strings.TrimRight(string(labels), " ") + "\n"
}

// tickStep returns a round time of which at most nine are in d.
func tickStep(d time.Duration) time.Duration {
	const hour, day = time.Hour, 24 * time.Hour
	for _, step := range []time.Duration{
		time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
		hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day, 14 * day, 28 * day, 91 * day,
	} {
		if d <= 9*step {
			return step
		}
	}
	return 364 * day
}
