package autoscaler_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/policy"
)

// A preview says what the evaluation then does, word for word, and writes nothing.
func TestPreviewSaysWhatEvaluateDoes(t *testing.T) {
	for name, set := range map[string]func(*world){
		"a scale-out":    func(*world) {},
		"nothing to do":  func(w *world) { w.load["chat"] = 150 },
		"another scaler": func(w *world) { w.conflict = "somebody else" },
		"a paused target": func(w *world) {
			w.overrides = map[string]policy.Override{"v1": {Pause: policy.Both, Until: w.now.Add(time.Hour)}}
		},
		"a lost state":     func(w *world) { w.states["chat"] = activity.State{Endpoint: "chat", Version: 3, Damage: "torn"} },
		"no such endpoint": func(w *world) { delete(w.endpoints, "chat") },
		"a change by hand": func(w *world) {
			w.endpoints["chat"].Variants[0].Current, w.endpoints["chat"].Variants[0].Desired = 4, 4
		},
		"an end to settle": func(w *world) {
			w.tick(w.evaluator(nil))
			w.finish()
			w.now = w.now.Add(time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.add("chat", 450, 2)
			e := w.evaluator(nil)
			set(w)
			w.calls, w.records = nil, nil
			trigger := autoscaler.Trigger{Kind: "Tick"}
			preview, previewErr := e.Preview(t.Context(), trigger)
			if slices.Contains(w.calls, "save") || slices.Contains(w.calls, "update") || len(w.records) > 0 {
				t.Errorf("it called %v and recorded %d times", w.calls, len(w.records))
			}
			_, err := e.Evaluate(t.Context(), trigger)
			if got, want := text(t, preview.Records), text(t, w.records); got != want || len(w.records) == 0 {
				t.Errorf("preview\n%s\nevaluation\n%s", got, want)
			}
			if (previewErr == nil) != (err == nil) {
				t.Errorf("errors %v and %v", previewErr, err)
			}
			if got, want := text(t, preview.States["chat"]), text(t, w.states["chat"]); got != want {
				t.Errorf("preview leaves\n%s\nthe evaluation\n%s", got, want)
			}
		})
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
