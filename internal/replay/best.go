package replay

import (
	"context"

	"sagescale/internal/trace"
)

// BestName is the name of Application Auto Scaling at its best target.
const BestName = "application-auto-scaling-best"

// The targets that are tried, in percent of what an instance serves.
const (
	lowestTarget  = 30
	highestTarget = 100
	targetStep    = 5
)

// BestApplicationAutoScaling lets Application Auto Scaling meet a load at targets from
// 30 % to 100 % of what an instance serves, in steps of 5 %, and returns the timeline of
// the one that has the least J(10), the lowest of several: what it could have come to,
// had somebody known the load before. Progress, if there is one, is told as by Run.
func BestApplicationAutoScaling(ctx context.Context, m Model, load trace.Trace, progress func(done, total int)) (Timeline, error) {
	oracle := Oracle(m, load.Minutes().Requests)
	const tries = (highestTarget-lowestTarget)/targetStep + 1
	var best Timeline
	least := 0.0
	for i := range tries {
		target := float64(lowestTarget+i*targetStep) / 100
		line, err := Run(ctx, m, load, ApplicationAutoScaling(target), func(done, total int) {
			if progress != nil {
				progress((i*total+done)/tries, total)
			}
		})
		if err != nil {
			return Timeline{}, err
		}
		if j := line.Score(m, oracle).J(10); i == 0 || j < least {
			best, least = line, j
			best.Name, best.Target = BestName, target
		}
	}
	return best, nil
}
