package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sagescale/internal/config"
	"sagescale/internal/iam"
	"sagescale/internal/lambda"
	"sagescale/internal/policy"
)

// roles knows what a role may do, without doing it.
type roles interface {
	Refused(ctx context.Context, q iam.Question) ([]iam.Refusal, error)
}

// batch is how many endpoints are asked for in one question to IAM.
const batch = 50

// permissions asks IAM's simulator whether the role of a function may do all that the
// function does.
func (d *Doctor) permissions(ctx context.Context, name string, fn lambda.Function, f facts) result {
	var asked result
	c := check{
		name: "permissions",
		why:  "What a function may not do fails at every evaluation, and what cannot be read holds every scale-in.",
		fine: fmt.Sprintf("the role of function %s may do what it does, as IAM's simulator says", name),
		run: func(ctx context.Context) []Finding {
			var found []Finding
			found, asked.seen = d.refused(ctx, name, fn, f)
			return found
		},
	}
	asked.findings = c.apply(ctx)
	return asked
}

// refused returns what a role may not do, and what that shows of how IAM takes the names
// of endpoints.
func (d *Doctor) refused(ctx context.Context, name string, fn lambda.Function, f facts) ([]Finding, []evidence) {
	if f.policy == nil {
		const what = "What the role of function %s may do depends on the policy, which could not be read."
		return []Finding{tell(NotChecked, what, name)}, nil
	}
	var found []Finding
	refused := map[string][]string{} // resources by action
	for _, q := range d.questions(name, fn, f) {
		no, err := d.Roles.Refused(ctx, q)
		if err != nil {
			return append(found, d.unseen("what the role of function "+name+" may do could not be checked", err)), nil
		}
		for _, r := range no {
			refused[r.Action] = append(refused[r.Action], r.Resource)
		}
	}
	for _, action := range sortedKeys(refused) {
		found = append(found, tell(Problem, "The role of function %s may not do %s on %s.", name, action, list(refused[action])).
			todo("Deploy by this version of sagescale if an older one is deployed. "+
				"If somebody has changed the role, set it back as the template has it. "+
				"If not, a permissions boundary or a policy of the organisation forbids it: have it allowed."))
	}
	return found, spelled(f.policy, refused)
}

// spelled is what the answers show of the names of endpoints with upper-case letters, whose
// ARN IAM is given as it is written and in lower case.
func spelled(p *policy.Policy, refused map[string][]string) []evidence {
	mixed := func(t policy.Target) bool { return strings.ToLower(t.Endpoint) != t.Endpoint }
	if !slices.ContainsFunc(p.Targets, mixed) {
		return nil
	}
	if no := refused["sagemaker:DescribeEndpoint"]; len(no) > 0 {
		return []evidence{{lowerCase, contradicted, "the role may not describe " + list(no)}}
	}
	return []evidence{{lowerCase, confirmed, "the roles may describe the endpoints by both spellings"}}
}

// questions is all that a function does, as questions to IAM.
func (d *Doctor) questions(name string, fn lambda.Function, f facts) []iam.Question {
	where := arnOf(fn.ARN)
	all := []iam.Question{
		{
			Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resources: []string{where.of("logs", "log-group:"+fn.Logs+":log-stream:x")},
		},
		{Actions: []string{"sqs:SendMessage"}, Resources: []string{where.of("sqs", d.queueName())}},
		{
			Actions:   []string{"dynamodb:Query", "dynamodb:PutItem"},
			Resources: []string{where.of("dynamodb", "table/"+d.tableName())},
			Keys:      map[string][]string{"dynamodb:LeadingKeys": names(f.policy, anyTarget)},
		},
		{
			Actions: []string{"events:PutEvents"}, Resources: []string{where.of("events", "event-bus/default")},
			Keys: map[string][]string{"events:source": {config.EventSource}},
		},
	}
	all = append(all, onEndpoints(where, []string{"sagemaker:DescribeEndpoint"}, names(f.policy, anyTarget))...)
	if name != functionSettle {
		all = append(all, iam.Question{Actions: []string{"cloudwatch:GetMetricData"}, Resources: []string{"*"}})
		if acting := names(f.policy, actingTarget); len(acting) > 0 {
			ask := []string{"application-autoscaling:DescribeScalableTargets"}
			all = append(all, iam.Question{Actions: ask, Resources: []string{"*"}})
			all = append(all, onEndpoints(where, []string{"sagemaker:UpdateEndpointWeightsAndCapacities"}, acting)...)
		}
	}
	for i := range all {
		all[i].Role = fn.Role
	}
	return all
}

// onEndpoints asks for actions on endpoints, as they are written and in lower case.
func onEndpoints(where arn, actions, endpoints []string) []iam.Question {
	var all []iam.Question
	for some := range slices.Chunk(endpoints, batch) {
		q := iam.Question{Actions: actions}
		for _, name := range some {
			q.Resources = append(q.Resources, where.of("sagemaker", "endpoint/"+name))
			if lower := strings.ToLower(name); lower != name {
				q.Resources = append(q.Resources, where.of("sagemaker", "endpoint/"+lower))
			}
		}
		all = append(all, q)
	}
	return all
}

func anyTarget(policy.Target) bool      { return true }
func actingTarget(t policy.Target) bool { return !t.DryRun }

// names returns the endpoints with a target of a kind, sorted.
func names(p *policy.Policy, kind func(policy.Target) bool) []string {
	var all []string
	for _, t := range p.Targets {
		if kind(t) {
			all = append(all, t.Endpoint)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// arn is where a resource is: what stands in its ARN before and after the service.
type arn struct{ partition, region, account string }

// arnOf reads an ARN of this account and Region.
func arnOf(text string) arn {
	parts := append(strings.SplitN(text, ":", 6), make([]string, 6)...)
	return arn{parts[1], parts[3], parts[4]}
}

// of returns the ARN of a resource of a service in the same place.
func (a arn) of(service, resource string) string {
	return strings.Join([]string{"arn", a.partition, service, a.region, a.account, resource}, ":")
}
