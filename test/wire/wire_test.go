//go:build local

package wire

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sagescale/infra/bundle"
	"sagescale/internal/activity"
	"sagescale/internal/config"
	"sagescale/internal/event"
	"sagescale/internal/scaling"
	"sagescale/test/localaccount"
)

var (
	seed   = flag.Uint64("seed", 1, "seed of the faults and of the load")
	rounds = flag.Int("rounds", 60, "invocations before the last parts of the run; with fewer not every fault strikes")
)

// rules strikes every kind of call that the functions make with every fault that comes by
// chance, and spares the more the more often it is made. The update is struck most, because
// everything hangs on it.
func rules() map[string]Rule {
	byChance := slices.DeleteFunc(Faults(), func(f Fault) bool { return f == Late })
	out := map[string]Rule{}
	for operation, spared := range map[string]int{
		"Query": 62, "DescribeEndpoint": 72, "GetMetricData": 52, "DescribeScalableTargets": 18,
		putState: 42, "TransactWriteItems": 18, update: 6, "PutEvents": 18,
	} {
		out[operation] = Rule{byChance, spared}
	}
	return out
}

// The functions run over a wire that fails, on a load that goes up and down. Between two
// invocations what waits in the stored state gets a minute older, as between two ticks, so
// that claims and backoffs run out within seconds.
//
// The same seed gives the same faults on the same calls until time runs out: what is done in
// the parts after the rounds hangs on the machine, too.
func TestFunctionsOverAFaultyWire(t *testing.T) {
	s := newStage(t, NewPlan(*seed, rules()))
	defer func() { t.Log(s.summary(t)) }()
	random := rand.New(rand.NewPCG(*seed, 1))
	for range *rounds {
		s.round(t, random, config.FunctionTimeout)
	}
	s.runOutOfTime(t, random)
	s.wantNobodyElse(t)
	s.wantHistory(t)
	for range 8 {
		s.roundOfAll(t, random)
	}
	s.plan.Stop()
	s.converge(t)
	s.wantHistory(t)
	s.wantCoverage(t)
}

// round delivers one event, often after a change of the load.
func (s *stage) round(t *testing.T, random *rand.Rand, within time.Duration) {
	t.Helper()
	s.change(t, random)
	all := wakers()
	w := all[0]
	switch n := random.IntN(10); n {
	case 1, 2:
		w = all[n]
	}
	if err := s.deliver(t.Context(), w, within); err != nil {
		t.Fatal(err)
	}
	s.age(t, time.Minute)
}

// change publishes another load, more often than not.
func (s *stage) change(t *testing.T, random *rand.Rand) {
	t.Helper()
	if share, load := random.Float64(), perInstance*(0.5+9*random.Float64()); share < 0.6 {
		s.serve(t, load)
	}
}

// roundOfAll delivers all events at once.
func (s *stage) roundOfAll(t *testing.T, random *rand.Rand) {
	t.Helper()
	s.change(t, random)
	var wg sync.WaitGroup
	errs := make([]error, len(wakers()))
	for i, w := range wakers() {
		wg.Go(func() { errs[i] = s.deliver(t.Context(), w, config.FunctionTimeout) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	s.age(t, time.Minute)
}

// runOutOfTime has the answer to every operation come too late once. The functions have
// little time then and must answer in it all the same. Only the question who else scales has
// a limit of its own, and there is time enough to see it end.
func (s *stage) runOutOfTime(t *testing.T, random *rand.Rand) {
	t.Helper()
	for _, operation := range slices.Sorted(maps.Keys(rules())) {
		within := 3 * time.Second
		if operation == "DescribeScalableTargets" {
			within = 10 * time.Second
		}
		s.plan.Force(operation, Late)
		for tries := 0; tries < 20 && s.plan.Count(operation, Late) == 0; tries++ {
			s.round(t, random, within)
		}
		if s.plan.Count(operation, Late) == 0 {
			t.Errorf("%s was not called any more", operation)
		}
	}
}

// converge checks that without faults the capacity becomes what the load needs, and stays.
func (s *stage) converge(t *testing.T) {
	t.Helper()
	s.serve(t, 4.5*perInstance)
	s.age(t, activity.MaxBackoff)
	tick := func(times int) {
		for range times {
			if err := s.deliver(t.Context(), wakers()[0], config.FunctionTimeout); err != nil {
				t.Fatal(err)
			}
			s.age(t, time.Minute)
		}
	}
	tick(3)
	before, known := len(s.ledger.asked), len(s.records(t))
	tick(6)
	if got := s.capacity(t); got != 5 || s.ledger.capacity != 5 {
		t.Errorf("the capacity is %d, last asked for was %d, want 5", got, s.ledger.capacity)
	}
	if after := len(s.ledger.asked); after != before {
		t.Errorf("the capacity did not stay: %v", s.ledger.asked[before:])
	}
	if open := s.state(t).Open; open != nil {
		t.Errorf("activity %+v is still open", *open)
	}
	if n := len(s.records(t)) - known; n != 6 {
		t.Errorf("%d records of 6 ticks", n)
	}
}

// wantNobodyElse checks that nothing of what happened was taken for the work of somebody
// else, as long as one function worked at a time.
func (s *stage) wantNobodyElse(t *testing.T) {
	t.Helper()
	for _, r := range s.records(t) {
		for _, reason := range r.Decision.NotScaledReasons {
			if reason.Code == scaling.ClaimedElsewhere || reason.Code == scaling.ScalingConflict {
				t.Errorf("%s: %s: %s", r.Trigger.Invocation, reason.Code, reason.Message)
			}
		}
	}
}

// wantHistory checks that the history has an activity as successful if and only if its
// update was carried out, and no change by others.
func (s *stage) wantHistory(t *testing.T) {
	t.Helper()
	history := s.history(t)
	if open := s.state(t).Open; open != nil {
		history[open.ID] = *open
	}
	for id, a := range history {
		if a.ByOthers || !a.Open() && (a.Status == activity.Successful) != s.ledger.applied[id] {
			t.Errorf("carried out: %v; in the history %+v\n%s", s.ledger.applied[id], a, s.written(id))
		}
	}
	for id := range s.ledger.applied {
		if _, ok := history[id]; !ok {
			t.Errorf("the update of claim %s was carried out and is not in the history", id)
		}
	}
}

// wantCoverage checks that what was to be tried was tried.
func (s *stage) wantCoverage(t *testing.T) {
	t.Helper()
	if unstruck := s.plan.Unstruck(); unstruck != nil {
		t.Errorf("never struck: %q", unstruck)
	}
	if n, err := s.ledger.recognised(); n == 0 || err != nil {
		t.Errorf("writes of the state that were recognised: %d, %v", n, err)
	}
	if n := len(s.ledger.applied); n < 20 {
		t.Errorf("%d changes: the run came to a halt", n)
	}
	for _, r := range s.records(t) {
		if len(r.Outside) > 0 || strings.Contains(r.Error, "panic") {
			t.Errorf("record %+v", r)
		}
	}
}

// written returns what the functions have written of an activity.
func (s *stage) written(id string) string {
	var out []string
	for name, function := range s.functions {
		for _, line := range function.log.lines() {
			if strings.Contains(line, id) {
				out = append(out, name+": "+line)
			}
		}
	}
	return strings.Join(out, "\n")
}

// summary is what happened, for people.
func (s *stage) summary(t *testing.T) string {
	statuses := map[activity.Status]int{}
	for _, a := range s.history(t) {
		statuses[a.Status]++
	}
	n, _ := s.ledger.recognised()
	return fmt.Sprintf("seed %d\n%s\ninvocations: %v\nupdates: %d sent, %d carried out: %v\nhistory: %v\nwrites recognised after a lost answer: %d",
		*seed, s.plan.Table(), s.answers, len(s.ledger.sent), len(s.ledger.applied), s.ledger.asked, statuses, n)
}

// waker is an event and the function that it wakes.
type waker struct{ function, event string }

// wakers returns a tick, an alarm and a change of the endpoint's status.
func wakers() []waker {
	return []waker{{bundle.Schedule, event.TickInput()}, {bundle.Alarm, alarmEvent()}, {bundle.Settle, endpointEvent()}}
}

// envelope is an event of EventBridge.
func envelope(source, detailType, arn, detail string) string {
	return fmt.Sprintf(`{"version": "0", "id": "e1", "source": %q, "detail-type": %q, "account": %q, "region": %q, "resources": [%q], "detail": %s}`,
		source, detailType, localaccount.AccountID, localaccount.Region, arn, detail)
}

// arn is that of something in the account.
func arn(service, resource string) string {
	return "arn:aws:" + service + ":" + localaccount.Region + ":" + localaccount.AccountID + ":" + resource
}

func alarmEvent() string {
	name := config.AlarmName(prefix, endpoint, variant, config.ScaleOutAlarm("load"))
	return envelope("aws.cloudwatch", "CloudWatch Alarm State Change", arn("cloudwatch", "alarm:"+name),
		fmt.Sprintf(`{"alarmName": %q, "state": {"value": "ALARM"}}`, name))
}

func endpointEvent() string {
	arn := arn("sagemaker", "endpoint/"+strings.ToLower(endpoint))
	return envelope("aws.sagemaker", "SageMaker Endpoint State Change", arn,
		fmt.Sprintf(`{"EndpointName": %q, "EndpointArn": %q, "EndpointStatus": "IN_SERVICE"}`, endpoint, arn))
}
