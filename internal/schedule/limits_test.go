package schedule_test

import (
	"testing"
	"time"

	"sagescale/internal/schedule"
)

// action puts limits in force by a schedule in UTC; 0 leaves a limit alone.
func action(t *testing.T, name, expression string, low, high int, d time.Duration) schedule.Action {
	t.Helper()
	e, err := schedule.Parse(expression)
	if err != nil {
		t.Fatal(err)
	}
	a := schedule.Action{Name: name, Schedule: schedule.Schedule{Expression: e}, Duration: d}
	if low > 0 {
		a.Min = &low
	}
	if high > 0 {
		a.Max = &high
	}
	return a
}

func TestInForce(t *testing.T) {
	base := schedule.Limits{Min: 1, Max: 8}
	day := action(t, "day", "cron(0 8 * * ? *)", 4, 10, 0)
	night := action(t, "night", "cron(0 20 * * ? *)", 1, 3, 0)
	lunch := action(t, "lunch", "cron(0 12 * * ? *)", 6, 0, 2*time.Hour)
	launch := action(t, "launch", "at(2026-11-23T15:00:00)", 9, 9, 30*time.Minute)
	never := action(t, "never", "at(2027-01-01T00:00:00)", 9, 9, 0)
	all := []schedule.Action{day, night, lunch, launch, never}
	tests := []struct {
		name    string
		at      string
		actions []schedule.Action
		want    schedule.Limits
		names   []string
	}{
		{"no actions", "10:00", nil, base, nil},
		{"none has fired", "10:00", []schedule.Action{never}, base, nil},
		{"at the firing itself", "08:00", all, schedule.Limits{Min: 4, Max: 10}, []string{"night", "day"}},
		{"a moment before", "07:59", all, schedule.Limits{Min: 1, Max: 3}, []string{"day", "night"}},
		{"the limits stay", "11:00", all, schedule.Limits{Min: 4, Max: 10}, []string{"night", "day"}},
		{"one limit alone", "12:30", all, schedule.Limits{Min: 6, Max: 10}, []string{"night", "day", "lunch"}},
		{"in the last moment of its duration", "13:59", all, schedule.Limits{Min: 6, Max: 10}, []string{"night", "day", "lunch"}},
		{"reverted after its duration", "14:00", all, schedule.Limits{Min: 4, Max: 10}, []string{"night", "day"}},
		{"the later over the earlier", "15:10", all, schedule.Limits{Min: 9, Max: 9}, []string{"night", "day", "launch"}},
		{"after a one-off", "15:30", all, schedule.Limits{Min: 4, Max: 10}, []string{"night", "day"}},
		{"the evening", "23:00", all, schedule.Limits{Min: 1, Max: 3}, []string{"day", "night"}},
		{"fired together: the later in the list", "08:30",
			[]schedule.Action{day, action(t, "other", "cron(0 8 * * ? *)", 5, 5, 0)}, schedule.Limits{Min: 5, Max: 5}, []string{"day", "other"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, "2026-11-23T"+tt.at+":00Z")
			if err != nil {
				t.Fatal(err)
			}
			got, firings := schedule.InForce(base, tt.actions, now)
			if got != tt.want {
				t.Errorf("limits %+v, want %+v", got, tt.want)
			}
			if len(firings) != len(tt.names) {
				t.Fatalf("firings %+v, want %v", firings, tt.names)
			}
			for i, f := range firings {
				if f.Action != tt.names[i] || f.Since.After(now) {
					t.Errorf("firing %d is %+v, want %s", i, f, tt.names[i])
				}
			}
		})
	}
}
