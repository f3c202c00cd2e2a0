package faults

import (
	"fmt"
	"strings"
	"testing"

	"sagescale/test/page"
)

// invariant is something that holds whatever fails. by says what checks it, where that
// is not the simulation at each update; not says why nothing does.
type invariant struct {
	id, promise, by, not string
}

// invariants are those of the reliability of sagescale: S are held at every step, L once
// the faults have stopped.
func invariants() []invariant {
	return []invariant{
		{id: "S1", promise: "every update is inside the limits in force, or a step towards a minimum that cannot be had at once"},
		{id: "S2", promise: "nothing is removed while a datapoint that is due is missing, or the answer of CloudWatch is not whole"},
		{id: "S3", promise: "no scale-in within a cooldown of a change that came into service, ours or another's, across crashes, a lost table and clocks that differ"},
		{id: "S4", promise: "an intent causes one update at most"},
		{id: "S5", promise: "no two updates of an endpoint are under way at a time, and each follows a fresh look"},
		{id: "S6", promise: "no update unless the last look showed InService"},
		{id: "S7", promise: "no faster than the policy's behavior allows"},
		{id: "S8", promise: "the data that was answered asks for the direction, and for no less than is kept; a forecast may ask for anything, but not remove what the load of now needs"},
		{id: "S9", promise: "one variant of the policy, its instances and nothing else"},
		{id: "S10", promise: "what others change starts a cooldown, and is not corrected inside the limits", by: "S3 and S8: a change by others counts as ours does"},
		{id: "S11", promise: "an intent is written before the update"},
		{id: "S12", promise: "evidence is counted by the capacity that served when it was measured", by: "`internal/scaling`: TestDecideCountsCapacityInServiceWhenMeasured; loads that are measured as a whole do not depend on it"},
		{id: "S13", promise: "equal inputs, equal decisions; more load, no less capacity; a fixpoint", by: "the properties of `internal/scaling`"},
		{id: "S14", promise: "a pause that was there to be read holds"},
		{id: "S15", promise: "a dry run changes nothing"},
		{id: "S16", promise: "every evaluation records every target, whatever fails for another"},
		{id: "S17", promise: "an invalid policy never runs", by: "`internal/policyfile`, `internal/wire`"},
		{id: "S18", promise: "clocks that differ by up to five minutes each way break none of these", by: "the runs in which clocks differ; beyond a minute S5 and S4 rest on SageMaker, which takes one change at a time"},
		{id: "S19", promise: "scale-outs without effect stop", not: "not built: the maximum bounds the cost"},
		{id: "S20", promise: "the event of an endpoint changes nothing by itself"},
		{id: "S21", promise: "the history is what has happened"},
		{id: "S22", promise: "a record is of bounded size and valid UTF-8"},
		{id: "L1", promise: "the capacity comes to what the load needs, and then nothing moves for a day"},
		{id: "L2", promise: "without any alarm an overload is answered by the tick", by: "TestOverloadWithoutAlarms"},
		{id: "L3", promise: "no intent stays open", by: "L1, which waits for it, and TestExhaustive"},
		{id: "L4", promise: "from whatever is stored the target can be scaled again", by: "TestFromAnyStoredState, 120 garbled states"},
		{id: "L5", promise: "after an outage with a backlog one change follows, no burst", by: "TestStoreOutCapacityOutThenADayOfTicksAtOnce"},
		{id: "L6", promise: "without the table a scale-out is possible", not: "not offered: the table is the fence, and without it nothing is changed"},
		{id: "L7", promise: "a level load with noise reverses the capacity at most once an hour", by: "TestNoiseDoesNotFlap"},
		{id: "L8", promise: "whoever is frozen for long is told of", by: "`internal/function` and `infra`: the metrics Errors and Held and their alarms"},
	}
}

func TestReadmeInvariants(t *testing.T) {
	var table strings.Builder
	fmt.Fprintln(&table, "| | what holds | checked by |\n| --- | --- | --- |")
	for _, i := range invariants() {
		by := "the simulation"
		switch {
		case i.by != "":
			by = i.by
		case i.not != "":
			by = "not: " + i.not
		}
		fmt.Fprintf(&table, "| %s | %s | %s |\n", i.id, i.promise, by)
	}
	page.Shows(t, "README.md", "invariants", table.String(), *rewrite)
}

// The page lists the faults that are simulated.
func TestReadmeFaults(t *testing.T) {
	var out strings.Builder
	for _, f := range []struct {
		family family
		title  string
	}{
		{calls, "at a call of a worker"}, {events, "to an event on its way"}, {episodes, "for a time"},
		{moments, "at a moment"}, {others, "what follows from others, counted too"},
	} {
		var names []string
		for _, k := range kinds() {
			if k.family == f.family {
				names = append(names, k.name)
			}
		}
		fmt.Fprintf(&out, "- %s: %s.\n", f.title, strings.Join(names, "; "))
	}
	page.Shows(t, "README.md", "faults", out.String(), *rewrite)
}
