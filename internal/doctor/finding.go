package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sagescale/internal/shell"
)

// Level is how much a finding matters.
type Level string

// The levels. A Problem keeps sagescale from doing what the policy says, until somebody
// does something. A Warning is of what may hurt another day, NotChecked of what nobody
// could see, and a Note of what one should know.
const (
	Problem    Level = "problem"
	Warning    Level = "warning"
	NotChecked Level = "not checked"
	Note       Level = "note"
	OK         Level = "ok"
)

// Levels returns all levels, what matters most first.
func Levels() []Level { return []Level{Problem, Warning, NotChecked, Note, OK} }

// Finding is one thing that was found by a check: What it is, Why it matters, and what to
// Do. Command, where there is one, does it. Target is empty where it concerns all.
type Finding struct {
	Check   string `json:"check"`
	Target  string `json:"target,omitempty"`
	Level   Level  `json:"level"`
	What    string `json:"what"`
	Why     string `json:"why,omitempty"`
	Do      string `json:"do,omitempty"`
	Command string `json:"command,omitempty"`
}

// tell is the finding of what is so.
func tell(l Level, format string, args ...any) Finding {
	return Finding{Level: l, What: fmt.Sprintf(format, args...)}
}

// of says which target a finding is of.
func (f Finding) of(target string) Finding {
	f.Target = target
	return f
}

// because says why it matters.
func (f Finding) because(why string) Finding {
	f.Why = why
	return f
}

// todo says what to do about it.
func (f Finding) todo(do string) Finding {
	f.Do = do
	return f
}

// by is the command that does it.
func (f Finding) by(words ...string) Finding {
	f.Command = shell.Line(words...)
	return f
}

// Report is what an examination found, what matters most first.
type Report struct {
	Stack    string    `json:"stack"`
	Region   string    `json:"region"`
	Account  string    `json:"account,omitempty"`
	Caller   string    `json:"caller,omitempty"`
	Time     time.Time `json:"time"`
	Findings []Finding `json:"findings"`
	Summary  Summary   `json:"summary"`
}

// Summary is how many findings there are of each level.
type Summary struct {
	Problems   int `json:"problems"`
	Warnings   int `json:"warnings"`
	NotChecked int `json:"notChecked"`
	Notes      int `json:"notes"`
	OK         int `json:"ok"`
}

// Count returns the number of findings of a level.
func (s Summary) Count(l Level) int {
	return map[Level]int{Problem: s.Problems, Warning: s.Warnings, NotChecked: s.NotChecked, Note: s.Notes, OK: s.OK}[l]
}

// report puts findings in their order: by level, then as they were looked for.
func (d *Doctor) report(f facts, findings []Finding) Report {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Compare(slices.Index(Levels(), a.Level), slices.Index(Levels(), b.Level))
	})
	r := Report{
		Stack: d.Stack, Region: d.Region, Account: f.who.Account, Caller: f.who.Name,
		Time: f.now.UTC().Truncate(time.Second), Findings: gathered(findings),
	}
	place := shell.Place{Stack: d.Stack, Profile: d.Profile, Region: d.Region} // whatever the shell's environment says
	for i, f := range r.Findings {
		r.Findings[i].Command = place.Put(f.Command)
		switch f.Level {
		case Problem:
			r.Summary.Problems++
		case Warning:
			r.Summary.Warnings++
		case NotChecked:
			r.Summary.NotChecked++
		case Note:
			r.Summary.Notes++
		case OK:
			r.Summary.OK++
		}
	}
	return r
}

// gathered makes one finding of all that say word for word the same of different targets:
// a permission that is lacking is told once, not for each of a hundred endpoints.
func gathered(all []Finding) []Finding {
	out := make([]Finding, 0, len(all))
	place := map[Finding]int{}
	others := map[int]int{}
	for _, f := range all {
		of := f
		of.Target = ""
		i, again := place[of]
		if f.Level != NotChecked || !again {
			place[of] = len(out)
			out = append(out, f)
			continue
		}
		others[i]++
	}
	for i, n := range others {
		out[i].Target += fmt.Sprintf(" and %d more", n)
	}
	return out
}

// check looks at one thing. Its findings have its name and its target, and its why where
// they have none of their own. Fine is what is said where there is nothing to say.
type check struct {
	name, target, why, fine string
	run                     func(context.Context) []Finding
}

// apply makes the check.
func (c check) apply(ctx context.Context) []Finding {
	found := c.run(ctx)
	for i := range found {
		f := &found[i]
		f.Check, f.Target, f.Why = c.name, cmp.Or(f.Target, c.target), cmp.Or(f.Why, c.why)
	}
	if len(found) == 0 {
		found = append(found, Finding{Check: c.name, Target: c.target, Level: OK, What: c.fine})
	}
	return found
}

// job makes of the check what is done beside others.
func (c check) job() job {
	return func(ctx context.Context) result { return result{findings: c.apply(ctx)} }
}

// What to do about what somebody has changed past the deployment.
const (
	setBack   = "Set it back by hand, as the template has it: a deployment does not see what was changed past it."
	makeAgain = "Make it again by hand, under its name and as the template has it: " +
		"a deployment does not see that it is gone. Or deploy under another stackName."
)

// unseen is the finding of a question that got no answer.
func (d *Doctor) unseen(what string, err error) Finding {
	what = strings.ToUpper(what[:1]) + what[1:]
	if action, ok := d.Denied(err); ok {
		return tell(NotChecked, "%s", what+": these credentials may not look.").
			todo("Allow them the IAM action " + action + ".")
	}
	return tell(NotChecked, "%s", what+": "+sentence(say(err))).
		todo("Run sagescale doctor again; if it stays, look there by hand.")
}

// sentence ends a text with a full stop.
func sentence(text string) string { return strings.TrimRight(text, ". ") + "." }

// list names at most a handful of things.
func list(names []string) string {
	const shown = 5
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

// since says when something began, and how long ago.
func since(at, now time.Time) string {
	return fmt.Sprintf("since %s, for %s", at.UTC().Format("2006-01-02 15:04Z"), lasting(now.Sub(at)))
}

// lasting writes a duration as people do, to the minute.
func lasting(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
