package faults

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sagescale/internal/activity"
	"sagescale/internal/event"
)

// stage is a world in which nothing fails but what a test makes fail.
type stage struct {
	*world
	t *testing.T
}

// perform runs a test on a stage of some endpoints, each with the given instances and
// a load in requests per minute, of which an instance takes 100.
func perform(t *testing.T, policyText string, instances int, load func(endpoint string, minute int) float64, play func(*stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.listening, w.told = true, map[string]string{}
		p := w.parse(policyText)
		w.policies = []version{{epoch(), p}}
		s := setting{}
		variants := map[string][]activity.Variant{}
		for _, target := range p.Targets {
			s.targets = append(s.targets, variantOf{target.Endpoint, target.Variant})
			if variants[target.Endpoint] == nil {
				s.names = append(s.names, target.Endpoint)
			}
			variants[target.Endpoint] = append(variants[target.Endpoint], activity.Variant{Name: target.Variant, Desired: instances})
			w.capacity[target.Endpoint+"/"+target.Variant] = instances
		}
		w.loads(s)
		w.metrics.load = func(endpoint, _ string, minute int) float64 { return load(endpoint, minute) }
		w.setting = s
		for i, name := range s.names {
			w.sageMaker.Create(activity.Endpoint{
				Name: name, Config: "v1", CreationTime: epoch().AddDate(0, -1, -i), Variants: variants[name],
			})
		}
		w.sageMaker.Fate, w.sageMaker.Quota = w.fateOf, w.quota
		w.everyMinute(0)
		st := &stage{w, t}
		play(st)
		w.stopWorkers()
		if w.violation != nil {
			t.Errorf("%v\n%s", w.violation, w)
		}
	})
}

// wrong lets something be wrong for a span of minutes.
func (s *stage) wrong(name string, from, until int) {
	s.spans[name] = append(s.spans[name], episode{at(from), at(until)})
	s.plan(at(from), func() { s.tell("%s", name) })
}

// to goes on to a minute.
func (s *stage) to(minute int) { s.advance(at(minute)) }

// has is what serves of an endpoint's first variant.
func (s *stage) has(endpoint string) int {
	e, err := s.sageMaker.Describe(s.t.Context(), endpoint)
	if err != nil {
		s.t.Fatal(err)
	}
	return e.Variants[0].Current
}

// want fails unless something holds, and then tells what happened.
func (s *stage) want(holds bool, format string, args ...any) {
	s.t.Helper()
	if !holds {
		s.t.Errorf("%s: %s\n%s", s.now().Format("15:04"), fmt.Sprintf(format, args...), s)
	}
}

func constant(load float64) func(string, int) float64 {
	return func(string, int) float64 { return load }
}

// targetText is a policy file of endpoints with 1 to 20 instances each.
func targetText(extra string, endpoints ...string) string {
	var b strings.Builder
	b.WriteString("version: 1\ntargets:\n")
	for _, name := range endpoints {
		fmt.Fprintf(&b, "- endpoint: %s\n  variant: AllTraffic\n  minCapacity: 1\n  maxCapacity: 20\n", name)
		b.WriteString("  targetTracking:\n  - {metric: InvocationsPerInstance, targetValue: 100}\n")
		b.WriteString(strings.ReplaceAll(extra, "NAME", name))
	}
	return b.String()
}

// The metrics are out for half an hour while the load triples: nothing is removed for
// lack of data, and what is needed comes once it is known.
//
// Faults: D2 I2
func TestMetricsOutageWhileTheLoadTriples(t *testing.T) {
	load := func(_ string, minute int) float64 {
		if minute < 40 {
			return 350
		}
		return 1050
	}
	perform(t, targetText("", "chat"), 4, load, func(s *stage) {
		s.wrong("no metrics at all", 38, 70)
		for minute := range 71 {
			s.to(minute)
			s.want(s.has("chat") >= 4, "%d instances serve", s.has("chat"))
		}
		s.to(90)
		s.want(s.has("chat") == 11, "%d instances serve a load that needs 11", s.has("chat"))
	})
}

// The load falls because clients fail: a service in trouble is not shrunk.
//
// Faults: D18
func TestFallingLoadOfFailingClients(t *testing.T) {
	guard := `  scaleInGuards:
  - metric: {name: errors, namespace: AWS/SageMaker, metricName: Invocation5XXErrors, statistic: Average, dimensions: {EndpointName: NAME, VariantName: AllTraffic}}
    maximum: 0.02
    datapoints: 1
    periods: 5
`
	load := func(_ string, minute int) float64 {
		if minute >= 30 && minute < 80 {
			return 150
		}
		return 750
	}
	for _, guarded := range []bool{true, false} {
		extra := map[bool]string{true: guard}[guarded]
		perform(t, targetText(extra, "chat"), 8, load, func(s *stage) {
			s.spans["clients fail"] = []episode{{at(30), at(80)}}
			s.to(80)
			s.want((s.has("chat") == 8) == guarded, "guarded %v: %d instances serve", guarded, s.has("chat"))
			s.to(110)
			s.want(s.has("chat") == 8, "%d instances serve a load that needs 8", s.has("chat"))
		})
	}
}

// What happened in us-east-1 in October 2025: the store is out for three hours, what
// SageMaker is asked for does not come, metrics have gaps; then a day of ticks arrives at
// once. Nothing moves without the store, and one change follows, not a burst.
//
// Faults: C2 I1 A6 E15
func TestStoreOutCapacityOutThenADayOfTicksAtOnce(t *testing.T) {
	load := func(_ string, minute int) float64 {
		if minute < 60 {
			return 350
		}
		return 900
	}
	names := []string{"chat", "rank", "search"}
	perform(t, targetText("", names...), 4, load, func(s *stage) {
		s.to(50)
		s.wrong("store down", 55, 240)
		s.wrong("no capacity to be had", 55, 240)
		s.wrong("gaps in the metrics", 55, 240)
		s.to(240)
		s.want(len(s.accepts) == 0, "%d updates while the store was out", len(s.accepts))
		for i := range 24 * 60 {
			s.deliver(&delivery{at: at(240).Add(time.Duration(i) * time.Millisecond), kind: event.Tick, raw: []byte(event.TickInput()), note: "old tick", all: true})
		}
		s.to(245)
		s.want(len(s.accepts) == len(names), "%d updates of %d endpoints after the backlog", len(s.accepts), len(names))
		s.to(270)
		for _, name := range names {
			s.want(s.has(name) == 9, "%s: %d instances serve a load that needs 9", name, s.has(name))
		}
		s.want(len(s.accepts) == len(names), "%d updates of %d endpoints in the end", len(s.accepts), len(names))
	})
}

// Ten endpoints share a quota that is too small for all: what there is gets used, nobody
// is hammered, and when the quota is raised all have what they need.
//
// Faults: I4 E14
func TestTenEndpointsShareAQuota(t *testing.T) {
	var names []string
	for i := range 10 {
		names = append(names, fmt.Sprintf("model-%d", i))
	}
	perform(t, targetText("", names...), 2, constant(600), func(s *stage) {
		s.limit = 41
		total := func() (sum int) {
			for _, name := range names {
				sum += s.has(name)
			}
			return sum
		}
		s.to(240)
		s.want(total() == s.limit, "%d of %d instances are used", total(), s.limit)
		asked := s.updates
		s.to(300)
		s.want(s.updates-asked <= 2*len(names), "asked %d times within an hour for what is not there", s.updates-asked)
		s.limit = 100
		s.to(500)
		s.want(total() == 60, "%d instances serve loads that need 60", total())
	})
}

// SageMaker takes half a minute for every call, for an hour: no answer is waited for in
// vain, what was sent is found, and all is well afterwards.
//
// Faults: I6 B7 B14
func TestControlPlaneIsSlow(t *testing.T) {
	load := func(_ string, minute int) float64 {
		if minute < 30 {
			return 350
		}
		return 900
	}
	names := []string{"chat", "rank", "search", "sum"}
	perform(t, targetText("", names...), 4, load, func(s *stage) {
		s.slow = func(c *call) (time.Duration, time.Duration) {
			m := minuteOf(c.now())
			if m < 25 || m >= 85 || c.op != "DescribeEndpoint" && c.op != opUpdate {
				return 0, 0
			}
			return 20 * time.Second, 30 * time.Second
		}
		s.to(110)
		for _, name := range names {
			s.want(s.has(name) == 9, "%s: %d instances serve a load that needs 9", name, s.has(name))
		}
	})
}

// All traffic stops and comes back at once: with a velocity most of the capacity is
// still there.
//
// Faults: I3
func TestTrafficStopsAndComesBackAtOnce(t *testing.T) {
	load := func(_ string, minute int) float64 {
		if minute >= 30 && minute < 60 {
			return 0
		}
		return 1150
	}
	slowly := "  behavior:\n    scaleIn: {policies: [{type: Instances, value: 1, period: 5m}]}\n"
	perform(t, targetText(slowly, "chat"), 12, load, func(s *stage) {
		s.to(60)
		s.want(s.has("chat") >= 8, "%d instances are left of 12 when the traffic is back", s.has("chat"))
		s.to(85)
		s.want(s.has("chat") == 12, "%d instances serve a load that needs 12", s.has("chat"))
	})
}

// An alarm tells of its state once, however long it lasts, and may not tell at all: the
// tick carries an overload on, step by step, to the maximum.
//
// Faults: A4 A5 A14
func TestOverloadWithoutAlarms(t *testing.T) {
	steps := "  behavior:\n    scaleOut: {policies: [{type: Instances, value: 4, period: 10m}]}\n"
	load := func(_ string, minute int) float64 {
		if minute < 20 {
			return 150
		}
		return 9999
	}
	perform(t, targetText(steps, "chat"), 2, load, func(s *stage) {
		s.deaf = true
		s.to(26) // three datapoints, published within two minutes, and two ticks
		s.want(len(s.accepts) == 1, "%d updates within 6 minutes of overload", len(s.accepts))
		for minute := 26; minute < 26+180; minute++ {
			s.to(minute)
		}
		s.want(s.has("chat") == 20, "%d instances serve after three hours, the maximum is 20", s.has("chat"))
		s.want(len(s.accepts) == 5, "%d updates for four instances each", len(s.accepts))
	})
}

// step is a load that changes in a minute.
func step(before float64, from int, after float64) func(string, int) float64 {
	return func(_ string, minute int) float64 {
		if minute < from {
			return before
		}
		return after
	}
}

// Between the decision and the update somebody else begins to deploy, or has changed the
// capacity and is done, or has made the endpoint anew: what was decided is for another,
// and is dropped. What that one needs comes next.
//
// Faults: E2 E9 E11
func TestSomebodyElseIsQuicker(t *testing.T) {
	for name, begin := range map[string]func(*stage){
		"deployed": func(s *stage) {
			s.sageMaker.Occupy("chat", "Updating", 5*time.Minute, func(*activity.Endpoint) {})
		},
		"changed": func(s *stage) {
			s.sageMaker.Occupy("chat", "Updating", time.Second, func(e *activity.Endpoint) {
				e.Variants[0].Current, e.Variants[0].Desired = 6, 6
			})
		},
		"made anew": func(s *stage) {
			s.sageMaker.Create(activity.Endpoint{
				Name: "chat", Config: "v1", CreationTime: s.now(), Variants: []activity.Variant{{Name: "AllTraffic", Desired: 4}},
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			perform(t, targetText("", "chat"), 4, step(350, 20, 900), func(s *stage) {
				var looks *worker
				s.slow = func(c *call) (time.Duration, time.Duration) {
					if c.op != "DescribeEndpoint" || s.open("chat") == nil || looks != nil {
						return 0, 0
					}
					looks = c.worker
					begin(s)
					return 3 * time.Second, 3 * time.Second
				}
				s.to(26)
				s.want(looks != nil, "nobody has looked again")
				acted := slices.ContainsFunc(s.accepts, func(u *update) bool { return u.worker == looks })
				s.want(!acted, "who has looked again acts all the same")
				s.to(45)
				s.want(s.has("chat") == 9, "%d instances serve a load that needs 9", s.has("chat"))
			})
		})
	}
}

// The load was high while a deployment held the endpoint, and then the metrics went out:
// what was needed then is no reason to scale now.
//
// Faults: D2
func TestLoadOfThePast(t *testing.T) {
	load := func(_ string, minute int) float64 {
		if minute >= 30 && minute < 33 {
			return 1500
		}
		return 350
	}
	perform(t, targetText("", "chat"), 4, load, func(s *stage) {
		s.plan(at(29), func() { s.sageMaker.Occupy("chat", "Updating", 14*time.Minute, func(*activity.Endpoint) {}) })
		s.wrong("no metrics at all", 33, 60)
		s.to(60)
		s.want(s.has("chat") == 4 && len(s.accepts) == 0, "%d instances, %d updates", s.has("chat"), len(s.accepts))
	})
}

// What could not be had does not end the cooldown of the scale-in before it.
//
// Faults: E15
func TestAFailedScaleOutEndsNoCooldown(t *testing.T) {
	load := func(_ string, minute int) float64 {
		switch {
		case minute < 20:
			return 750
		case minute >= 40 && minute < 45:
			return 1200
		}
		return 350 - float64(minute)
	}
	perform(t, targetText("  scaleInCooldown: 60m\n", "chat"), 8, load, func(s *stage) {
		s.wrong("no capacity to be had", 35, 60)
		s.to(85)
		s.want(len(s.accepts) == 2, "%d updates, a scale-in and one that came to nothing", len(s.accepts))
		s.want(s.has("chat") == 4, "%d instances within the cooldown", s.has("chat"))
		s.to(120)
		s.want(s.has("chat") < 4, "%d instances after it", s.has("chat"))
	})
}

// A table that is lost, or restored from a backup of before the last change, forgets no
// cooldown: when the endpoint was last modified is there still.
//
// Faults: C7
func TestALostStateForgetsNoCooldown(t *testing.T) {
	load := func(_ string, minute int) float64 {
		switch {
		case minute < 20:
			return 350
		case minute >= 110 && minute < 117:
			return 900
		}
		return 550
	}
	for _, backup := range []bool{false, true} {
		perform(t, targetText("  scaleOutCooldown: 60m\n  scaleInCooldown: 60m\n", "chat"), 4, load, func(s *stage) {
			s.to(100)
			items := s.table.items["chat"]
			old := maps.Clone(items["state"])
			s.to(130)
			s.tampered["chat"] = s.now()
			if delete(items, "state"); backup {
				items["state"] = old
			}
			s.to(175)
			s.want(s.has("chat") == 9 && len(s.accepts) == 2, "%d instances within the cooldown, %d updates", s.has("chat"), len(s.accepts))
			s.to(200)
			s.want(s.has("chat") == 6, "%d instances after it", s.has("chat"))
		})
	}
}

// Somebody deploys and leaves the capacity as it was: what was done is not known, and
// nothing is removed for as long as after a change.
//
// Faults: E2
func TestWhatOthersTouchHasACooldown(t *testing.T) {
	load := func(_ string, minute int) float64 {
		switch {
		case minute < 20:
			return 350
		case minute < 95:
			return 550
		}
		return 350
	}
	perform(t, targetText("  scaleOutCooldown: 60m\n  scaleInCooldown: 60m\n", "chat"), 4, load, func(s *stage) {
		s.plan(at(100), func() { s.sageMaker.Occupy("chat", "Updating", time.Minute, func(*activity.Endpoint) {}) })
		s.to(155)
		s.want(s.has("chat") == 6 && len(s.accepts) == 1, "%d instances, %d updates", s.has("chat"), len(s.accepts))
		s.to(180)
		s.want(s.has("chat") == 4, "%d instances after it", s.has("chat"))
	})
}

// An update is on its way for a minute and a half, with no answer: until its claim is
// given up nothing else is sent, and then it is found to have come.
//
// Faults: B7
func TestAnUpdateIsLongOnItsWay(t *testing.T) {
	perform(t, targetText("", "chat"), 4, step(350, 20, 900), func(s *stage) {
		s.slow = func(c *call) (time.Duration, time.Duration) {
			if c.op != opUpdate {
				return 0, 0
			}
			return 90 * time.Second, 2 * time.Minute
		}
		s.to(45)
		s.want(s.has("chat") == 9 && len(s.accepts) == 1, "%d instances by %d updates", s.has("chat"), len(s.accepts))
	})
}

// Two variants of an endpoint need more at the same time, and the answer to the first
// update is long on its way: the other waits until the first is done.
//
// Faults: B3
func TestTwoVariantsWantMore(t *testing.T) {
	both := targetText("", "chat", "chat")
	both = both[:strings.LastIndex(both, "AllTraffic")] + "canary" + both[strings.LastIndex(both, "AllTraffic")+len("AllTraffic"):]
	perform(t, both, 4, step(350, 20, 900), func(s *stage) {
		s.slow = func(c *call) (time.Duration, time.Duration) {
			if c.op != opUpdate {
				return 0, 0
			}
			return 70 * time.Second, 2 * time.Minute
		}
		s.to(60)
		e, err := s.sageMaker.Describe(s.t.Context(), "chat")
		s.want(err == nil && capacities(e) == "AllTraffic 9 of 9, canary 9 of 9", "%s, %v", capacities(e), err)
		s.want(len(s.accepts) == 2, "%d updates", len(s.accepts))
		archived := s.table.archived("chat")
		s.want(len(archived) == 2, "the history has %d activities: %+v", len(archived), archived)
	})
}

// A person has asked for more than there is, and it is still to come: it is not taken
// away because the load is low meanwhile.
//
// Faults: E11 E19
func TestWhatAPersonAskedForMayStillCome(t *testing.T) {
	perform(t, targetText("", "chat"), 4, step(350, 10, 50), func(s *stage) {
		s.sageMaker.Occupy("chat", "Updating", time.Minute, func(e *activity.Endpoint) { e.Variants[0].Desired = 8 })
		s.to(55)
		s.want(len(s.accepts) == 0, "%d updates while 8 instances were asked for", len(s.accepts))
		s.to(100)
		s.want(s.has("chat") == 1, "%d instances after it did not come for an hour", s.has("chat"))
	})
}

// Ticks do not come for half an hour, or for a day: what was, stays, and then it goes on
// with what there is.
//
// Faults: A7 A10 I10
func TestNothingWakesForADay(t *testing.T) {
	load := func(_ string, minute int) float64 {
		if minute < 60 {
			return 350
		}
		return 500
	}
	perform(t, targetText("", "chat"), 4, load, func(s *stage) {
		s.deaf = true
		s.wrong("ticks missing", 30, 24*60)
		s.to(24 * 60)
		s.want(s.has("chat") == 4 && len(s.accepts) == 0, "%d instances after a day of silence", s.has("chat"))
		s.to(24*60 + 15)
		s.want(s.has("chat") == 5 && len(s.accepts) == 1, "%d instances, %d updates, after it", s.has("chat"), len(s.accepts))
	})
}

// A pause that comes while a change is under way lets it end, and no other begins; two
// days later it goes on with what there is then, in one step.
//
// Faults: I8 I9 C9
func TestPausedForTwoDaysInTheMiddleOfAChange(t *testing.T) {
	load := func(_ string, minute int) float64 {
		if minute < 300 {
			return 600
		}
		return 900
	}
	perform(t, targetText("", "chat"), 4, load, func(s *stage) {
		s.to(6)
		s.want(len(s.accepts) == 1 && s.open("chat") != nil, "%d updates", len(s.accepts))
		until := at(2 * 24 * 60)
		s.pause(s.setting.targets[0], until)
		s.spans["paused"] = []episode{{s.now(), until}}
		s.to(30)
		s.want(s.has("chat") == 6 && s.open("chat") == nil, "%d instances, open %+v", s.has("chat"), s.open("chat"))
		s.to(2 * 24 * 60)
		s.want(len(s.accepts) == 1, "%d updates while paused", len(s.accepts))
		s.to(2*24*60 + 15)
		s.want(s.has("chat") == 9 && len(s.accepts) == 2, "%d instances, %d updates, after it", s.has("chat"), len(s.accepts))
	})
}

// An endpoint that has failed, or is being deleted, is left alone for good.
//
// Faults: E5 E6 E7
func TestEndpointsBeyondScaling(t *testing.T) {
	for _, status := range []string{"Failed", "Deleting", "OutOfService", "Creating", "UpdateRollbackFailed"} {
		perform(t, targetText("", "chat", "rank"), 4, constant(900), func(s *stage) {
			s.sageMaker.Occupy("chat", "Updating", time.Second, func(e *activity.Endpoint) { e.Status = status })
			s.to(60)
			s.want(s.has("chat") == 4, "%s: %d instances", status, s.has("chat"))
			s.want(s.has("rank") == 9, "%s: %d instances of the other", status, s.has("rank"))
			for _, a := range s.accepts {
				s.want(a.endpoint == "rank", "%s: an update of it", status)
			}
		})
	}
}

// A deployment may rename a variant, and a metric may be published under another name:
// nothing is removed for it, no other variant is taken for the one that is gone, and
// somebody is told.
//
// Faults: E10 D17
func TestNamesThatAreGone(t *testing.T) {
	perform(t, targetText("", "chat", "rank"), 9, constant(350), func(s *stage) {
		s.sageMaker.Occupy("chat", "Updating", time.Minute, func(e *activity.Endpoint) { e.Variants[0].Name = "other" })
		s.spans["one metric missing"] = []episode{{at(0), at(600)}}
		s.metrics.missing = "Invocations/rank"
		s.to(60)
		s.want(s.has("chat") == 9 && s.has("rank") == 9 && len(s.accepts) == 0, "%d and %d instances", s.has("chat"), s.has("rank"))
		told := map[string]bool{}
		for _, r := range s.last.records {
			for _, reason := range r.Decision.NotScaledReasons {
				told[r.Endpoint+" "+string(reason.Code)] = true
			}
		}
		s.want(told["chat TargetNotFound"] && told["rank MissingData"], "told: %v", told)
	})
}

// What cannot be understood of one endpoint, or is of a newer deployment, is left as it
// is and harms no other.
//
// Faults: B13 G7
func TestOneEndpointHarmsNoOther(t *testing.T) {
	load := func(_ string, minute int) float64 {
		if minute < 20 {
			return 350
		}
		return 900
	}
	perform(t, targetText("", "chat", "rank"), 4, load, func(s *stage) {
		s.to(10)
		newer := s.table.items["chat"]["state"]
		newer["schema"] = &types.AttributeValueMemberN{Value: "2"}
		s.tampered["chat"] = s.now()
		s.to(60)
		s.want(s.has("chat") == 4 && s.has("rank") == 9, "%d and %d instances", s.has("chat"), s.has("rank"))
		s.want(equal(s.table.items["chat"]["state"]["schema"], newer["schema"]), "a newer state was written over")
	})
}

// What a person has changed is in the history.
//
// Faults: E11
func TestChangeByHandIsInTheHistory(t *testing.T) {
	perform(t, targetText("", "chat"), 4, constant(350), func(s *stage) {
		s.to(20)
		if err := s.sageMaker.SetCapacity(t.Context(), "chat", "AllTraffic", 8); err != nil {
			t.Fatal(err)
		}
		s.to(40)
		others := 0
		for _, a := range s.table.archived("chat") {
			if a.ByOthers && a.From == 4 && a.To == 8 {
				others++
			}
		}
		s.want(others == 1, "%d changes by others from 4 to 8", others)
	})
}

// A load that keeps its level, with noise, moves the capacity to and fro no more than
// once an hour.
//
// Faults: D20
func TestNoiseDoesNotFlap(t *testing.T) {
	for seed := range dice(3) {
		for _, level := range []float64{333, 448, 600} {
			load := func(_ string, minute int) float64 {
				return level * (0.9 + 0.2*seed.share("noise", minute))
			}
			perform(t, targetText("", "chat"), 5, load, func(s *stage) {
				s.to(24 * 60)
				reversals := 0
				for i := 1; i < len(s.accepts); i++ {
					if (s.accepts[i].to > s.accepts[i].from) != (s.accepts[i-1].to > s.accepts[i-1].from) {
						reversals++
					}
				}
				s.checked["L7"]++
				s.want(reversals <= 24, "%d reversals in a day of a load of %v", reversals, level)
			})
		}
	}
}

// Whatever a state item says, the target can be scaled after the longest wait that it
// may ask for.
//
// Faults: C8
func TestFromAnyStoredState(t *testing.T) {
	refused := 0
	for n := range 120 {
		perform(t, targetText("", "chat"), 4, constant(350), func(s *stage) {
			s.to(3)
			d := dice(n)
			stored := s.table.items["chat"]["state"]
			var state any
			if err := json.Unmarshal([]byte(textOf(stored["state"])), &state); err != nil {
				t.Fatal(err)
			}
			full := state.(map[string]any)
			maps.Copy(full, example(s.now()))
			count := 0
			if wrong := future(s.now()); n < len(wrong) {
				maps.Copy(full, wrong[n])
				state = full
			} else {
				state = d.garble(full, s.now(), &count)
			}
			body, err := json.Marshal(state)
			if err != nil {
				t.Fatal(err)
			}
			stored["state"] = text(string(body))
			s.tampered["chat"], s.disturbed["chat"], s.misled["chat"] = s.now(), true, s.now()
			s.tell("the state is now %s", body)
			s.metrics.load = func(_, _ string, minute int) float64 {
				if minute > 5 {
					return 900
				}
				return 350
			}
			longest := activity.MaxBackoff + activity.ClockSkew + 20*time.Minute
			s.to(5 + int(longest/time.Minute))
			s.checked["L4"]++
			s.want(s.has("chat") == 9, "%d instances serve a load that needs 9", s.has("chat"))
			s.metrics.load = func(string, string, int) float64 { return 250 }
			s.to(5 + int(longest/time.Minute) + 60)
			s.want(s.has("chat") == 3, "%d instances serve a load that needs 3", s.has("chat"))
			refused += len(s.accepts)
		})
	}
	if refused == 0 {
		t.Error("nothing was ever scaled")
	}
}

// example has all that a state can have.
func example(now time.Time) map[string]any {
	a := map[string]any{
		"id": "a1", "variant": "AllTraffic", "fromCapacity": 2, "toCapacity": 4, "status": "Successful",
		"startTime": now.Add(-20 * time.Minute), "endTime": now.Add(-10 * time.Minute),
	}
	open := map[string]any{
		"id": "a2", "variant": "AllTraffic", "fromCapacity": 4, "toCapacity": 6, "status": "Pending", "startTime": now.Add(-time.Minute),
	}
	wait := map[string]any{"failures": 3, "until": now.Add(20 * time.Minute)}
	return map[string]any{
		"recent": []any{a}, "open": open, "touched": now.Add(-time.Hour), "busySince": now.Add(-time.Hour),
		"others":       map[string]any{"canary": 2},
		"known":        map[string]any{"AllTraffic": map[string]any{"capacity": 4, "at": now}},
		"backoffs":     map[string]any{"AllTraffic": map[string]any{"out": wait, "in": wait}},
		"provisioning": map[string]any{"AllTraffic": []any{360000000000}},
	}
}

// future has, by themselves, the times that may lie ahead.
func future(now time.Time) []map[string]any {
	ahead := now.AddDate(0, 0, 100)
	all := make([]map[string]any, 4)
	for i := range all {
		all[i] = example(now)
	}
	all[0]["open"].(map[string]any)["startTime"] = ahead
	all[1]["touched"] = ahead
	all[2]["recent"].([]any)[0].(map[string]any)["endTime"] = ahead
	all[3]["backoffs"].(map[string]any)["AllTraffic"].(map[string]any)["out"] = map[string]any{"failures": 3, "until": ahead}
	return all
}

// garble puts other values in the place of some of a JSON value's.
func (d dice) garble(v any, now time.Time, count *int) any {
	*count++
	if *count > 1 && d.chance(0.12, "garble", *count) {
		return []any{
			nil, -1, 1e18, 0, "", "Pending", "Successful", []any{}, map[string]any{}, true, "\x1b[2J", 3,
			now.Add(100 * 24 * time.Hour), now.Add(-100 * 24 * time.Hour), now.Add(4 * time.Minute), "other",
		}[d.pick(16, "with", *count)]
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out[name] = d.garble(v[name], now, count)
		}
		return out
	case []any:
		var out []any
		for _, x := range v {
			out = append(out, d.garble(x, now, count))
		}
		return out
	}
	return v
}
