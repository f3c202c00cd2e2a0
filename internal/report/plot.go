package report

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/guptarohit/asciigraph"

	"sagescale/internal/simulate"
)

const (
	plotColumns = 70 // of data; with the axis a line has less than 80
	plotRows    = 14 // at most, of whole instances
)

// Plot draws the load, as the instances that it needs, and the capacity in
// service over time, without colour and within 80 columns. Where one column
// stands for several minutes it shows the one with the highest load, and the
// capacity of that same minute, so that no shortage is hidden and none made up.
// pre: rows is not empty, instanceCapacity > 0
func Plot(rows []simulate.Row, instanceCapacity float64) string {
	need, capacity := columns(rows, instanceCapacity)
	top := max(1, math.Ceil(highest(need, capacity)))
	step := math.Ceil(top / plotRows)
	height := math.Ceil(top / step)
	graph := asciigraph.PlotMany([][]float64{capacity, need},
		asciigraph.Height(int(height)),
		asciigraph.LowerBound(0),
		asciigraph.UpperBound(step*height),
		asciigraph.Precision(0),
		asciigraph.SeriesChars(asciigraph.DefaultCharSet, asciigraph.CreateCharSet("•")),
	)
	lines := strings.Split(graph, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	margin := axisColumn(lines[0])
	end := rows[len(rows)-1].Time.Add(time.Minute)
	return strings.Join(lines, "\n") + "\n" + axis(rows[0].Time, end, len(need), margin)
}

// columns makes one pair of values for each column.
func columns(rows []simulate.Row, instanceCapacity float64) (need, capacity []float64) {
	n := min(plotColumns, max(2, len(rows)))
	for c := range n {
		from, to := c*len(rows)/n, max((c+1)*len(rows)/n, c*len(rows)/n+1)
		top := rows[from]
		for _, r := range rows[from:to] {
			if r.Requests > top.Requests {
				top = r
			}
		}
		need = append(need, top.Requests/instanceCapacity)
		capacity = append(capacity, float64(top.InService))
	}
	return need, capacity
}

func highest(series ...[]float64) float64 {
	most := 0.0
	for _, s := range series {
		for _, v := range s {
			most = max(most, v)
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
