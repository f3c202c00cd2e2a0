package doctor

import (
	"context"
	"time"
)

// skew is how far this machine's clock may be off.
const skew = time.Minute

// clock holds the clock of this machine against that of AWS.
func (d *Doctor) clock(f facts) check {
	return check{
		name: "clock",
		why:  "The --for of an override is counted by this machine's clock; the functions go by AWS's.",
		fine: "this machine's clock agrees with AWS's",
		run: func(context.Context) []Finding {
			switch {
			case f.whoErr != nil:
				return []Finding{d.unseen("AWS's clock could not be looked at", f.whoErr)}
			case f.who.Time.IsZero():
				return []Finding{tell(NotChecked, "AWS's clock could not be looked at: its answer has no date.")}
			}
			off := f.asked.Sub(f.who.Time)
			way := "ahead of"
			if off < 0 {
				way, off = "behind", -off
			}
			if off <= skew {
				return nil
			}
			return []Finding{tell(Warning, "This machine's clock is %s %s AWS's.", off.Round(time.Second), way).
				todo("Set the clock, best by NTP; until then set overrides by --until.")}
		},
	}
}
