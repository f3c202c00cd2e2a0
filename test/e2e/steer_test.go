//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	smtypes "github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sagescale/internal/activity"
	store "sagescale/internal/dynamodb"
	"sagescale/internal/scaling"
)

// holds has an operator hold a capacity by the command line: the next evaluation follows
// it, and says of whom it is.
func (s *stage) holds(t *testing.T) {
	said := s.operate(t, "hold", steered+"/AllTraffic", "5", "--for", "1h", "--reason", "a launch")
	if !strings.Contains(said, "held at 5") || !strings.Contains(said, "a launch") {
		t.Errorf("said %s", said)
	}
	s.emitAlarm(t, steered)
	s.reaches(t, steered, 5)
	within(t, 30*time.Second, func() (bool, string) {
		for _, r := range s.records(t, "Alarm", steered) {
			if len(r.Decision.Steps) > 0 && strings.Contains(r.Decision.Steps[len(r.Decision.Steps)-1].Reason, "(a launch)") {
				return true, ""
			}
		}
		return false, "no record has the reason"
	})
}

func (s *stage) store(t *testing.T) *store.Store {
	return store.New(s.dynamodb, s.output(t, "Table"))
}

// reaches waits until SageMaker was asked for n instances.
func (s *stage) reaches(t *testing.T, endpoint string, n int) {
	t.Helper()
	within(t, 30*time.Second, func() (bool, string) {
		got := s.capacity(t, endpoint)
		return got == n, fmt.Sprintf("%d instances", got)
	})
}

// refusesToFight registers the variant with Application Auto Scaling: nothing may
// be changed until it is handed over.
func (s *stage) refusesToFight(t *testing.T) {
	s.register(t, steered)
	s.operate(t, "hold", steered+"/AllTraffic", "6", "--for", "1h")
	s.emitAlarm(t, steered)
	s.seesReason(t, steered, scaling.ScalingConflict)
	if n := s.capacity(t, steered); n != 5 {
		t.Errorf("%d instances, want the 5 that were", n)
	}
	if out := s.operate(t, "hand-over", steered+"/AllTraffic", "--yes"); !strings.Contains(out, "It is done.") {
		t.Error(out)
	}
	s.emitAlarm(t, steered)
	s.reaches(t, steered, 6)
}

// adopts ends the override, changes the capacity by hand, and looks for that in the
// state; a cooldown follows it.
func (s *stage) adopts(t *testing.T) {
	s.operate(t, "resume", steered+"/AllTraffic")
	s.emitAlarm(t, steered)
	within(t, 30*time.Second, func() (bool, string) {
		now := s.stateOf(t, steered)
		return now.Open == nil && now.Known["AllTraffic"].Capacity == 6, fmt.Sprintf("%+v", now)
	})
	_, err := s.sagemaker.UpdateEndpointWeightsAndCapacities(t.Context(), &sagemaker.UpdateEndpointWeightsAndCapacitiesInput{
		EndpointName: aws.String(steered),
		DesiredWeightsAndCapacities: []smtypes.DesiredWeightAndCapacity{{
			VariantName: aws.String("AllTraffic"), DesiredInstanceCount: aws.Int32(7),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.emitAlarm(t, steered)
	within(t, 30*time.Second, func() (bool, string) {
		now := s.stateOf(t, steered)
		return slices.ContainsFunc(now.Recent, func(a activity.Activity) bool {
			return a.From == 6 && a.To == 7 && strings.Contains(a.Cause, "somebody else")
		}), fmt.Sprintf("%+v", now)
	})
	s.seesReason(t, steered, scaling.ScaleOutCooldown)
}
