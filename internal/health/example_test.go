package health_test

import (
	"fmt"
	"time"

	"sagescale/internal/health"
	"sagescale/internal/scaling"
)

// A fault of a minute is told to nobody, one that lasts is.
func Example() {
	refused := []scaling.Reason{{Code: scaling.UpdateRefused, Message: "an account limit stands in the way"}}
	var m health.Memory
	for minute, reasons := range [][]scaling.Reason{refused, nil, refused, refused, refused, refused, nil} {
		now := time.Date(2026, 11, 23, 10, minute, 0, 0, time.UTC)
		seen, _ := health.Of(reasons, false, now)
		next, tell := m.Advance(seen, now, "this evaluation")
		if tell {
			fmt.Println(now.Format("15:04"), next.Told.Status, next.Told.Code, "since", next.Told.Since.Format("15:04"))
			next = next.Done() // once the event was sent
		}
		m = next
	}
	// Output: 10:05 Stuck UpdateRefused since 10:02
}
