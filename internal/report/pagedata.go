package report

import (
	"fmt"
	"math"
	"time"

	"sagescale/internal/replay"
	"sagescale/internal/scaling"
)

// roomForReasons is how many bytes of explanations a page has room for: with them two
// weeks stay below three megabytes.
const roomForReasons = 1_700_000

// data is what the page's script reads. Lists of numbers are short forms that it
// knows: what is said thousands of times is said briefly.
type data struct {
	Start    int64     `json:"start"` // seconds of Unix time
	Capacity float64   `json:"capacity"`
	Load     []float64 `json:"load"`   // by the minute
	Limits   [][3]int  `json:"limits"` // from a step on, lowest and highest
	Scalers  []line    `json:"scalers"`
	Changes  []change  `json:"changes"`
	Quiet    []quiet   `json:"quiet"`
	Points   []point   `json:"points"`

	leftOut []string
}

// line is what a scaler had in service: from a step on so many instances.
type line struct {
	Name      string   `json:"name"`
	InService [][2]int `json:"inService"`
}

// change is a change by sagescale, with why.
type change struct {
	At     int `json:"at"`
	Effect int `json:"effect"`
	Free   int `json:"free"`
	From   int `json:"from"`
	To     int `json:"to"`
	reasons
}

// quiet is a stretch in which nothing was done for the same reasons. What is said is
// that of its first minute.
type quiet struct {
	At    int    `json:"at"`
	End   int    `json:"end"`
	Codes string `json:"codes"`
	reasons
}

// reasons are the rules of a decision and why no more was done. LeftOut says that there
// was no room.
type reasons struct {
	Rules   []scaling.Step   `json:"rules,omitempty"`
	Reasons []scaling.Reason `json:"reasons,omitempty"`
	LeftOut bool             `json:"leftOut,omitempty"`
}

// point is a rung of the frontier.
type point struct {
	Scaler  string  `json:"scaler"`
	Setting string  `json:"setting"`
	Short   string  `json:"short"`
	Own     bool    `json:"own"`
	Cost    float64 `json:"cost"`
	Lost    float64 `json:"lost"` // share
}

func (p Page) data() data {
	d := data{
		Start: p.Timelines[0].Start.Unix(), Capacity: p.Model.InstanceCapacity,
		Limits: [][3]int{{0, p.Model.Limits.Min, p.Model.Limits.Max}},
		Quiet:  []quiet{}, Changes: []change{}, Points: p.points(),
	}
	for _, r := range p.Timelines[0].Rows {
		d.Load = append(d.Load, math.Round(1000*r.Requests)/1000)
	}
	for _, t := range p.Timelines {
		d.Scalers = append(d.Scalers, line{t.Name, inService(t)})
	}
	if p.Log != nil {
		p.explain(&d)
	}
	return d
}

// inService are the steps at which the instances in service changed.
func inService(t replay.Timeline) [][2]int {
	var out [][2]int
	for i, r := range t.Rows {
		if i == 0 || r.InService != t.Rows[i-1].InService {
			out = append(out, [2]int{i, r.InService})
		}
	}
	return out
}

// explain adds the decisions: the changes first, for they matter most, then the
// stretches between, oldest first, as long as there is room.
func (p Page) explain(d *data) {
	for i, l := range p.Log.limits {
		if i == 0 {
			d.Limits = nil
		}
		d.Limits = append(d.Limits, [3]int{l.step, l.lowest, l.highest})
	}
	changes := map[int]replay.Change{}
	for _, c := range p.Timelines[0].Changes {
		changes[c.At] = c
	}
	room, untold, silent := roomForReasons, 0, 0
	for _, n := range p.Log.notes {
		if c, ok := changes[n.step]; ok {
			why := n.why(&room, 0)
			if why.LeftOut {
				untold++
			}
			d.Changes = append(d.Changes, change{c.At, c.Effect, c.Free, c.From, c.To, why})
		}
	}
	for _, n := range p.Log.notes {
		if _, ok := changes[n.step]; ok {
			continue
		}
		why := n.why(&room, 60)
		if why.LeftOut {
			silent++
			room = 0 // so that what is left out is all that comes after
			continue
		}
		d.Quiet = append(d.Quiet, quiet{n.step, n.end, n.codes, why})
	}
	d.leave(untold, silent)
}

// leave says what is left out.
func (d *data) leave(untold, silent int) {
	if untold > 0 {
		d.leftOut = append(d.leftOut, fmt.Sprintf("the rules of %s of %s changes", whole(float64(untold)), whole(float64(len(d.Changes)))))
	}
	if silent > 0 {
		d.leftOut = append(d.leftOut, fmt.Sprintf("why nothing was done in %s stretches between changes, those after %s",
			whole(float64(silent)), stamp(d.end())))
	}
}

// end is when the last stretch that was kept ends.
func (d *data) end() time.Time {
	last := 0
	if n := len(d.Quiet); n > 0 {
		last = d.Quiet[n-1].End
	}
	return time.Unix(d.Start+60*int64(last), 0)
}

// why is the explanation of a note when there is room for it, which it takes.
func (n note) why(room *int, more int) reasons {
	var out reasons
	out.Rules, out.Reasons = explained(n.decision)
	size := more
	for _, r := range out.Rules {
		size += 60 + len(r.Rule) + len(r.Reason)
	}
	for _, r := range out.Reasons {
		size += 30 + len(r.Code) + len(r.Message)
	}
	if size > *room {
		return reasons{LeftOut: true}
	}
	*room -= size
	return out
}

// points are the rungs of the frontier.
func (p Page) points() []point {
	out := []point{}
	for _, l := range []struct {
		name  string
		rungs []replay.Rung
	}{{sagescaleName, p.Frontier.Sagescale}, {awsName, p.Frontier.ApplicationAutoScaling}} {
		for _, r := range l.rungs {
			short := fmt.Sprint(r.Value)
			if r.Setting == replay.TargetShare {
				short = percent(r.Value)
			}
			out = append(out, point{l.name, setting(r), short, r.Own, r.Score.CostOverOracle, r.Score.LostFraction})
		}
	}
	return out
}
