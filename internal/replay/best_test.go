package replay_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"sagescale/internal/replay"
)

func TestBestApplicationAutoScaling(t *testing.T) {
	m, requests := model(), noisy(900, 1)
	oracle := replay.Oracle(m, requests.Requests)
	var told [][2]int
	best, err := replay.BestApplicationAutoScaling(t.Context(), m, requests, func(done, total int) { told = append(told, [2]int{done, total}) })
	if err != nil {
		t.Fatal(err)
	}
	score := best.Score(m, oracle)
	if score.Name != replay.BestName || score.Target != best.Target {
		t.Errorf("the score is of %s at %v", score.Name, score.Target)
	}
	tried := false
	for percent := 30; percent <= 100; percent += 5 {
		target := float64(percent) / 100
		line := run(t, m, requests, replay.ApplicationAutoScaling(target))
		if j := line.Score(m, oracle).J(10); j < score.J(10) || j == score.J(10) && target < best.Target {
			t.Errorf("J(10) %v at %v is better than %v at %v", j, target, score.J(10), best.Target)
		}
		if target == best.Target {
			tried = slices.Equal(line.Rows, best.Rows)
		}
	}
	if !tried {
		t.Errorf("its timeline is not the one at %v", best.Target)
	}
	if len(told) != 15 || told[0] != [2]int{0, 900} || told[14] != [2]int{840, 900} {
		t.Errorf("progress %v", told)
	}
}

func TestBestApplicationAutoScalingEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := replay.BestApplicationAutoScaling(ctx, model(), load(1, 2), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
