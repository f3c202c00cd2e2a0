package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sagescale/infra/bundle"
	"sagescale/internal/policy"
)

// tables renders the tables of the README about operations from a template, by
// the names of their markers. What depends on the policy is named by what it
// depends on, so that the tables are those of every deployment.
func tables(tb testing.TB, a assembly, p *policy.Policy) map[string]string {
	tb.Helper()
	return map[string]string{
		"iam":    iamTable(tb, a, p),
		"alarms": alarmsTable(a, p),
		"rules":  rulesTable(tb, a),
	}
}

// table renders a table in Markdown. Equal rows stand once.
func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(head)
	line(slices.Repeat([]string{"---"}, len(head)))
	for _, row := range slices.CompactFunc(rows, slices.Equal) {
		line(row)
	}
	return b.String()
}

// iamTable has a row for every action on a kind of resource, with who may take
// it.
func iamTable(tb testing.TB, a assembly, p *policy.Policy) string {
	tb.Helper()
	who := map[[2]string][]string{}
	all := roles(tb, a)
	for _, role := range []string{"ScheduleRole", "AlarmRole", "SettleRole", "SchedulesRole"} {
		for _, s := range all[role] {
			for _, action := range s.actions {
				row := [2]string{action, resourceWords(a, p, s, action)}
				who[row] = append(who[row], roleWords(role))
			}
		}
	}
	var rows [][]string
	for row, roles := range who {
		rows = append(rows, []string{strings.Join(roles, ", "), "`" + row[0] + "`", row[1]})
	}
	slices.SortFunc(rows, func(a, b []string) int { return slices.Compare([]string{a[1], a[2]}, []string{b[1], b[2]}) })
	return table([]string{"function", "action", "resource"}, rows)
}

func roleWords(role string) string {
	if role == "SchedulesRole" {
		return "Scheduler"
	}
	return "`" + strings.ToLower(strings.TrimSuffix(role, "Role")) + "`"
}

// resourceWords names the resources of an action in a statement.
func resourceWords(a assembly, p *policy.Policy, s statement, action string) string {
	switch {
	case slices.Equal(s.resources, endpointARNs(p, allTargets)):
		return "the endpoints of the policy file"
	case slices.Equal(s.resources, endpointARNs(p, actingTargets)):
		return "the endpoints of the policy file with a target that is not `dryRun`"
	case slices.Equal(s.resources, []string{"*"}):
		return "`*`: " + map[string]string{
			"application-autoscaling:DescribeScalableTargets": "IAM knows no resource for it; only with a target that is not `dryRun`",
			"cloudwatch:GetMetricData":                        "metrics have no ARN",
		}[action]
	}
	if strings.HasSuffix(s.resources[0], ":event-bus/default") {
		return "the default event bus, for events of the source `sagescale`"
	}
	id, _, _ := strings.Cut(strings.Trim(s.resources[0], "${}"), ".")
	words := map[string]string{
		"AWS::DynamoDB::Table":  "the state table, the items of the endpoints of the policy file",
		"AWS::Logs::LogGroup":   "its log group",
		"AWS::SQS::Queue":       "the dead-letter queue",
		"AWS::Lambda::Function": "the function `schedule`",
	}
	return words[a.Resources[id].Type]
}

func endpointARNs(p *policy.Policy, kind func(policy.Target) bool) []string {
	var arns []string
	for _, name := range spellings(endpoints(p, kind)) {
		arns = append(arns, "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:endpoint/"+name)
	}
	return arns
}

// alarmsTable has a row for every alarm, those of targets by their pattern.
func alarmsTable(a assembly, p *policy.Policy) string {
	pattern, missing := map[string]string{}, map[string]string{}
	for _, t := range p.Targets {
		for _, tracking := range t.TargetTracking {
			pattern[scaleOutName("sagescale", t, tracking)] = "STACK/ENDPOINT/VARIANT/METRIC-scale-out"
		}
		for _, step := range t.StepScaling {
			name := stepName("sagescale", t, step)
			pattern[name] = "STACK/ENDPOINT/VARIANT/NAME-step"
			missing[name] = "its policy's `treatMissingData`"
		}
	}
	var rows [][]string
	for name, alarm := range byName(a) {
		shown := cmp.Or(pattern[name], "STACK"+strings.TrimPrefix(name, "sagescale"))
		counts := cmp.Or(missing[name], fmt.Sprintf("`%v`", alarm["TreatMissingData"]))
		rows = append(rows, []string{"`" + shown + "`", fmt.Sprint(alarm["AlarmDescription"]), counts})
	}
	slices.SortFunc(rows, slices.Compare)
	return table([]string{"alarm", "what it means", "missing data"}, rows)
}

// rulesTable has a row for every rule and one for all schedules.
func rulesTable(tb testing.TB, a assembly) string {
	tb.Helper()
	var rows [][]string
	for _, id := range a.ids("AWS::Events::Rule") {
		rule := a.Resources[id].Properties
		rows = append(rows, rulesRow(tb, a, strings.TrimSuffix(id, "Rule"), whenWords(rule), dig(rule, "Targets", 0)))
	}
	for _, s := range a.all("AWS::Scheduler::Schedule") {
		rows = append(rows, rulesRow(tb, a, "one schedule for each scheduled action", "its `schedule`, in its `timezone`", s["Target"]))
	}
	return table([]string{"rule", "when", "wakes", "delivery", "then, by Lambda"}, rows)
}

func rulesRow(tb testing.TB, a assembly, name, when string, target any) []string {
	tb.Helper()
	if transformed := dig(target, "InputTransformer", "InputPathsMap"); transformed != nil {
		return []string{name, when, "the topic `NotificationTopic`", within(dig(target, "RetryPolicy")), ""}
	}
	woken := ""
	for _, function := range bundle.Names() {
		if flat(dig(target, "Arn")) == "${"+a.function(tb, function)+".Arn}" {
			woken = function
		}
	}
	retry := dig(target, "RetryPolicy")
	async := a.Resources[title(woken)+"Events"].Properties
	return []string{name, when, "`" + woken + "`", within(retry), within(async)}
}

func within(v any) string {
	retries, _ := dig(v, "MaximumRetryAttempts").(float64)
	noun := "retries"
	if retries == 1 {
		noun = "retry"
	}
	return fmt.Sprintf("%v s, %v %s", dig(v, "MaximumEventAgeInSeconds"), retries, noun)
}

// whenWords says when a rule matches.
func whenWords(rule map[string]any) string {
	if schedule, ok := rule["ScheduleExpression"]; ok {
		return fmt.Sprintf("`%v`", schedule)
	}
	pattern := rule["EventPattern"]
	if dig(pattern, "detail-type", 0) == nil {
		return fmt.Sprintf("every event of the source `%v`, of this stack", dig(pattern, "source", 0))
	}
	words := fmt.Sprintf("`%v`", dig(pattern, "detail-type", 0))
	if prefix := dig(pattern, "resources", 0, "prefix"); prefix != nil {
		_, name, _ := strings.Cut(flat(prefix), ":alarm:")
		words += " of an alarm named `STACK" + strings.TrimPrefix(name, "sagescale") + "...`"
	}
	if state := dig(pattern, "detail", "state", "value", 0); state != nil {
		words += fmt.Sprintf(" to `%v`", state)
	}
	if dig(pattern, "detail", "EndpointName") != nil {
		words += " of an endpoint of the policy file"
	}
	return words
}
