//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/config"
	"sagescale/internal/event"
	"sagescale/internal/scaling"
	"sagescale/internal/trace"
	"sagescale/test/localaccount"
)

const stack = "sagescale"

// perInstance is the target value of all policies, in requests per minute.
const perInstance = 700.0

// The endpoints, one for each part of the story: a datapoint, once published,
// cannot be taken back.
const (
	byTick     = "e2e-by-tick"
	byAlarm    = "E2E-by-alarm" // SageMaker keeps the case of names, its ARNs do not
	bySchedule = "e2e-by-schedule"
	cooling    = "e2e-cooling"
	steered    = "e2e-steered"
	ahead      = "e2e-ahead"
)

// policy is a policy file for all endpoints; actions are the scheduled actions of
// bySchedule, inCooling the target value of cooling.
func policy(inCooling float64, actions string) string {
	var b strings.Builder
	b.WriteString("version: 1\ndefaults:\n  minCapacity: 1\n  maxCapacity: 9\n  targetTracking:\n")
	fmt.Fprintf(&b, "  - metric: InvocationsPerInstance\n    targetValue: %g\ntargets:\n", perInstance)
	for _, name := range []string{byTick, byAlarm, cooling, steered, ahead, bySchedule} {
		fmt.Fprintf(&b, "- endpoint: %s\n  variant: AllTraffic\n", name)
		if name == cooling || name == ahead {
			// A new endpoint is one whose last change nobody remembers: it is not scaled in
			// for a cooldown.
			b.WriteString("  scaleOutCooldown: 2m\n  scaleInCooldown: 2m\n")
		}
		if name == ahead {
			b.WriteString("  predictive: {mode: ForecastAndScale, instanceCapacity: 1000}\n")
		}
		if name == cooling {
			fmt.Fprintf(&b, "  targetTracking:\n  - metric: InvocationsPerInstance\n    targetValue: %g\n", inCooling)
		}
	}
	b.WriteString(actions)
	return b.String()
}

func TestStackScalesALocalAccount(t *testing.T) {
	s := newStage(t)
	defer func() { t.Log("what was seen:\n  " + strings.Join(s.seen, "\n  ")) }()
	first := s.writePolicy(t, "scaling.yaml", policy(perInstance, ""))

	s.step(t, "an owner creates endpoints", func(t *testing.T) {
		for name, instances := range map[string]int32{byTick: 1, byAlarm: 1, bySchedule: 1, cooling: 6, steered: 2, ahead: 3} {
			s.createEndpoint(t, name, instances)
		}
	})
	s.step(t, "cdk bootstrap prepares the account", func(t *testing.T) {
		if err := s.account.Bootstrap(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	s.step(t, "cdk deploy refuses a broken policy, with its line", func(t *testing.T) { s.refusesBrokenPolicy(t) })
	s.step(t, "cdk deploy deploys the stack", func(t *testing.T) { s.deploy(t, first) })
	s.step(t, "a colleague subscribes to what is told", func(t *testing.T) { s.subscribes(t) })
	stretch := loadStretch(t)
	s.serve(t, byTick, stretch)
	s.serve(t, cooling, func(time.Duration) float64 { return 3 * perInstance })
	s.knows(t, ahead, served)
	s.serve(t, ahead, served)
	s.hastens(t)
	s.step(t, "the tick fires by itself and scales out", func(t *testing.T) { s.tickScalesOut(t) })
	s.step(t, "and the colleague is told", func(t *testing.T) { s.isTold(t, byTick+"/AllTraffic scales out from 1 to ") })
	s.step(t, "an operator looks at it", func(t *testing.T) { s.looks(t) })
	s.step(t, "an alarm event scales out at once", func(t *testing.T) { s.alarmScalesOut(t) })
	s.step(t, "a state change closes the activity at once", func(t *testing.T) { s.stateChangeSettles(t) })
	s.step(t, "and the colleague is told", func(t *testing.T) {
		s.isTold(t, byAlarm+"/AllTraffic scales out from 1 to ", byAlarm+"/AllTraffic has scaled out from 1 to ")
	})
	s.serve(t, steered, func(time.Duration) float64 { return 1.9 * perInstance })
	s.step(t, "an operator holds a capacity", func(t *testing.T) { s.holds(t) })
	s.step(t, "another scaler is not fought", func(t *testing.T) { s.refusesToFight(t) })
	s.step(t, "a change by hand is in the history", func(t *testing.T) {
		s.adopts(t)
		s.isTold(t, steered+"/AllTraffic changed from 6 to 7, not by sagescale: ")
	})
	s.step(t, "an operator asks what was done, and why", func(t *testing.T) { s.looksBack(t) })
	s.step(t, "doctor finds what is wrong", func(t *testing.T) { s.findsFaults(t) })
	s.step(t, "a second cdk deploy changes nothing", func(t *testing.T) {
		before := contents(t, s.assembly)
		if out := s.deploy(t, first); !strings.Contains(out, "(no changes)") {
			t.Errorf("the second deploy changed something; the assemblies:\n%v\n%v\n%s", before, contents(t, s.assembly), out)
		}
	})
	s.step(t, "a new endpoint is scaled in after a cooldown", func(t *testing.T) { s.scalesIn(t) })
	s.step(t, "a forecast is learned by its schedule and followed by the tick", func(t *testing.T) { s.foresees(t) })
	s.step(t, "a team moves over from Application Auto Scaling, and back", func(t *testing.T) { s.movesOver(t) })
	due := time.Now().UTC().Add(70 * time.Second).Truncate(time.Minute).Add(time.Minute)
	second := s.writePolicy(t, "changed.yaml", policy(2*perInstance,
		"  scheduledActions:\n  - {name: launch, schedule: \"at("+due.Format("2006-01-02T15:04:05")+")\", minCapacity: 4, maxCapacity: 9}\n"))
	digest := s.output(t, "PolicyDigest")
	s.step(t, "a changed policy is deployed", func(t *testing.T) { s.changedPolicy(t, second) })
	s.step(t, "the next tick finds the capacity in service and remembers it", func(t *testing.T) { s.tickSettles(t, digest) })
	s.step(t, "cooldown holds between two processes", func(t *testing.T) { s.cooldownHolds(t) })
	s.step(t, "it takes effect: its scheduled action raises the minimum at its time", func(t *testing.T) { s.scheduledAction(t, due) })
	s.step(t, "cdk destroy leaves the table with its history", func(t *testing.T) { s.destroy(t, second) })
}

// loadStretch is half an hour of load that ends at its steepest rise: of the
// trace that E2E_TRACE names, else of a made-up day. It is scaled so that it ends
// at the need of five instances.
func loadStretch(t *testing.T) func(ago time.Duration) float64 {
	t.Helper()
	load := trace.Day(1)
	if name := os.Getenv("E2E_TRACE"); name != "" {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if load, err = trace.Read(name, file); err != nil {
			t.Fatal(err)
		}
	}
	r := load.Minutes().Requests
	end := 30
	for i := 30; i < len(r); i++ {
		if mean(r[i-2:i+1])-mean(r[i-12:i-9]) > mean(r[end-2:end+1])-mean(r[end-12:end-9]) {
			end = i
		}
	}
	scale := 4.5 * perInstance / mean(r[end-2:end+1])
	return func(ago time.Duration) float64 {
		return scale * r[min(max(end+1-int(ago/time.Minute), 0), end)]
	}
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func (s *stage) refusesBrokenPolicy(t *testing.T) {
	broken := s.writePolicy(t, "broken.yaml", strings.Replace(policy(perInstance, ""), "maxCapacity: 9", "maxCapacity: 0", 1))
	out, err := s.cdk(t, broken, "deploy", "--require-approval", "never")
	if err == nil || !strings.Contains(out, "broken.yaml:4:16: defaults.maxCapacity: 0: must be") {
		t.Errorf("deploy: %v\n%s", err, out)
	}
	if strings.Contains(out, "goroutine ") {
		t.Errorf("the message is a stack trace:\n%s", out)
	}
}

func (s *stage) tickScalesOut(t *testing.T) {
	within(t, 3*time.Minute, func() (bool, string) {
		n := s.capacity(t, byTick)
		return n > 1, fmt.Sprintf("%d instances", n)
	})
	if n := s.capacity(t, byTick); n < 4 || n > 6 {
		t.Errorf("%d instances for a load that needs about 4.5", n)
	}
}

// tickSettles waits for the tick that closes the activity, under the first policy,
// known by its digest, or already under the second.
func (s *stage) tickSettles(t *testing.T, first string) {
	within(t, 3*time.Minute, func() (bool, string) {
		state := s.stateOf(t, byTick)
		return state.Open == nil && len(state.Recent) == 1 && state.Recent[0].Status == activity.Successful, fmt.Sprintf("%+v", state)
	})
	state := s.stateOf(t, byTick)
	if len(state.Provisioning["AllTraffic"]) != 1 {
		t.Errorf("no provisioning time was learned: %+v", state)
	}
	records := s.records(t, "Schedule", byTick)
	for _, r := range records {
		if r.Trigger.Kind != string(event.Tick) || r.Policy != first && r.Policy != s.output(t, "PolicyDigest") {
			t.Errorf("record %+v is not of a tick under a deployed policy", r)
		}
	}
	if !slices.ContainsFunc(records, func(r autoscaler.Record) bool { return r.Activity != nil && len(r.Decision.Steps) > 0 }) {
		t.Errorf("no record of %d shows the activity and its reason", len(records))
	}
}

func (s *stage) stateOf(t *testing.T, endpoint string) activity.State {
	t.Helper()
	var state activity.State
	if text := s.state(t, endpoint); text != "" {
		if err := json.Unmarshal([]byte(text), &state); err != nil {
			t.Fatal(err)
		}
	}
	return state
}

// alarmScalesOut publishes a load that no tick has seen and puts the alarm's
// event on the bus: the function must act long before a tick would.
func (s *stage) alarmScalesOut(t *testing.T) {
	s.serve(t, byAlarm, func(time.Duration) float64 { return 2.5 * perInstance })
	s.emitAlarm(t, byAlarm)
	within(t, 30*time.Second, func() (bool, string) {
		n := s.capacity(t, byAlarm)
		return n == 3, fmt.Sprintf("%d instances", n)
	})
	within(t, 10*time.Second, func() (bool, string) {
		records := s.records(t, "Alarm", byAlarm)
		return len(records) > 0 && records[0].Trigger.Kind == string(event.Alarm), fmt.Sprintf("records %+v", records)
	})
	if cause := s.stateOf(t, byAlarm); !strings.Contains(fmt.Sprintf("%+v %+v", cause.Open, cause.Recent), "Alarm "+stack+"/"+byAlarm) {
		t.Errorf("it was not the alarm that scaled: %+v", cause)
	}
}

// emitAlarm puts the event of an endpoint's scale-out alarm on the bus, as
// CloudWatch does.
func (s *stage) emitAlarm(t *testing.T, endpoint string) {
	t.Helper()
	name := config.AlarmName(stack, endpoint, "AllTraffic", "InvocationsPerInstance-scale-out")
	s.emit(t, map[string]any{
		"version": "0", "id": "e2e", "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
		"account": localaccount.AccountID, "region": localaccount.Region, "time": time.Now().UTC().Format(time.RFC3339),
		"resources": []string{"arn:aws:cloudwatch:" + localaccount.Region + ":" + localaccount.AccountID + ":alarm:" + name},
		"detail":    map[string]any{"alarmName": name, "state": map[string]any{"value": "ALARM"}, "previousState": map[string]any{"value": "OK"}},
	})
}

func (s *stage) emit(t *testing.T, e map[string]any) {
	t.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := s.account.Emit(t.Context(), raw)
	if err != nil || len(rules) != 1 {
		t.Fatalf("emit %s: rules %v, %v", raw, rules, err)
	}
}

// stateChangeSettles puts the endpoint's event on the bus; the activity that the
// alarm started is then closed, unless a tick came first.
func (s *stage) stateChangeSettles(t *testing.T) {
	s.emitInService(t, byAlarm)
	within(t, 30*time.Second, func() (bool, string) {
		lines, err := s.account.FunctionLogs(t.Context(), s.output(t, "SettleFunction"))
		settled := slices.ContainsFunc(lines, func(line string) bool {
			return strings.Contains(line, `"msg":"settled"`) && strings.Contains(line, byAlarm)
		})
		return settled, fmt.Sprintf("%v, %v", lines, err)
	})
	if state := s.stateOf(t, byAlarm); state.Open != nil || len(state.Recent) != 1 || state.Recent[0].Status != activity.Successful {
		t.Errorf("state %+v, want the activity closed", state)
	}
}

// emitInService puts the event of an endpoint that is in service on the bus.
func (s *stage) emitInService(t *testing.T, endpoint string) {
	t.Helper()
	arn := "arn:aws:sagemaker:" + localaccount.Region + ":" + localaccount.AccountID + ":endpoint/" + strings.ToLower(endpoint)
	s.emit(t, map[string]any{
		"version": "0", "id": "e2e", "source": "aws.sagemaker", "detail-type": "SageMaker Endpoint State Change",
		"account": localaccount.AccountID, "region": localaccount.Region, "time": fmt.Sprint(time.Now().UnixMilli()),
		"resources": []string{arn},
		"detail":    map[string]any{"EndpointName": endpoint, "EndpointArn": arn, "EndpointStatus": "IN_SERVICE"},
	})
}

// scalesIn waits for the first scale-in of an endpoint whose creation is its last change.
func (s *stage) scalesIn(t *testing.T) {
	within(t, 4*time.Minute, func() (bool, string) {
		state := s.stateOf(t, cooling)
		return state.Open != nil || len(state.Recent) > 0, fmt.Sprintf("%+v", state)
	})
	s.emitInService(t, cooling) // or the next tick closes it, a minute later
	within(t, 2*time.Minute, func() (bool, string) {
		state := s.stateOf(t, cooling)
		return state.Open == nil && len(state.Recent) == 1 && state.Recent[0].To == 3, fmt.Sprintf("%+v", state)
	})
	state := s.stateOf(t, cooling)
	if waited := state.Recent[0].StartTime.Sub(state.CreationTime); waited < 2*time.Minute {
		t.Errorf("it was scaled in %s after its creation, within the cooldown", waited)
	}
}

// cooldownHolds has the alarm's process see that the cooldown of the scale-in holds that
// the tick's process has made under the first policy. The second policy, by which it
// evaluates, wants fewer instances still.
func (s *stage) cooldownHolds(t *testing.T) {
	s.emitAlarm(t, cooling)
	s.seesReason(t, cooling, scaling.ScaleInCooldown)
	if n := s.capacity(t, cooling); n != 3 {
		t.Errorf("%d instances, want 3 as long as the cooldown lasts", n)
	}
}

// seesReason waits for a record of the alarm function that has a not-scaled
// reason.
func (s *stage) seesReason(t *testing.T, endpoint string, code scaling.Code) {
	t.Helper()
	within(t, 30*time.Second, func() (bool, string) {
		records := s.records(t, "Alarm", endpoint)
		return slices.ContainsFunc(records, func(r autoscaler.Record) bool {
			return slices.ContainsFunc(r.Decision.NotScaledReasons, func(reason scaling.Reason) bool { return reason.Code == code })
		}), fmt.Sprintf("%+v", records)
	})
}

func (s *stage) changedPolicy(t *testing.T, file string) {
	before := s.output(t, "PolicyDigest")
	s.deploy(t, file)
	after := s.output(t, "PolicyDigest")
	if after == before {
		t.Fatalf("the digest is still %s", before)
	}
}

// scheduledAction waits for the action. It must not come before its time, and
// Scheduler must have woken the function for it.
func (s *stage) scheduledAction(t *testing.T, due time.Time) {
	if n := s.capacity(t, bySchedule); n != 1 && time.Now().Before(due) {
		t.Errorf("%d instances before %s", n, due)
	}
	within(t, time.Until(due)+2*time.Minute, func() (bool, string) {
		n := s.capacity(t, bySchedule)
		return n == 4, fmt.Sprintf("%d instances", n)
	})
	if early := time.Until(due); early > 0 {
		t.Errorf("the action came %s too early", early)
	}
	within(t, time.Minute, func() (bool, string) {
		records := s.records(t, "Schedule", bySchedule)
		return slices.ContainsFunc(records, func(r autoscaler.Record) bool {
			return r.Trigger.Kind == string(event.ScheduledAction) && r.Trigger.Name == "launch" && r.Policy == s.output(t, "PolicyDigest")
		}), fmt.Sprintf("%d records, none by the schedule under the new policy", len(records))
	})
}

func (s *stage) destroy(t *testing.T, file string) {
	table := s.output(t, "Table")
	if out, err := s.cdk(t, file, "destroy", "--force"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	out, err := s.dynamodb.Scan(ctx, &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatalf("the table is gone: %v", err)
	}
	history := 0
	for _, item := range out.Items {
		if text, err := json.Marshal(item["sk"]); err == nil && strings.Contains(string(text), "activity#") {
			history++
		}
	}
	if history < 3 {
		t.Errorf("%d past activities in the table, want those of three endpoints at least", history)
	}
}
