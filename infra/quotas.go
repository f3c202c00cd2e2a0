package main

import (
	"fmt"
	"slices"
	"strings"

	"sagescale/infra/dashboard"
	"sagescale/internal/policy"
)

// What AWS allows, in characters but for the resources. A policy beyond it would
// fail only in the middle of a deployment.
const (
	maxResources    = 500 // of a stack
	maxAlarmName    = 255
	maxRolePolicies = 10240 // of all inline policies of a role
	maxEventPattern = 2048

	// resourcesRest, roleRest and patternRest are generous for what does not grow
	// with the policy.
	resourcesRest = 50
	roleRest      = 2500
	patternRest   = 200
	// longestARN is the ARN of an endpoint without its name, quoted, in the
	// partition and the Region with the longest names.
	longestARN = len(`"arn:aws-us-gov:sagemaker:ap-southeast-1:123456789012:endpoint/",`)
)

// fits returns a fault for each way in which a policy is too large for one
// stack.
func fits(stackName string, p *policy.Policy) []error {
	alarms := targetAlarms(stackName, p)
	faults := append(namesFit(alarms), resourcesFit(len(alarms), p)...)
	names := endpoints(p, allTargets)
	role, pattern := roleRest, patternRest
	for _, name := range names {
		role += len(name) + len(`"",`) // in the condition on the table's keys
		pattern += len(name) + len(`"",`)
	}
	for _, name := range append(spellings(names), spellings(endpoints(p, actingTargets))...) {
		role += longestARN + len(name)
	}
	if role > maxRolePolicies || pattern > maxEventPattern {
		faults = append(faults, fmt.Errorf("policy has %d endpoints, more than one role "+
			"or one event pattern can name: split it into several stacks", len(names)))
	}
	return faults
}

// namesFit returns a fault for each alarm whose name is too long.
func namesFit(alarms []targetAlarm) []error {
	var faults []error
	for _, a := range alarms {
		if len(a.name) > maxAlarmName {
			faults = append(faults, fmt.Errorf("alarm %s: the name has %d characters, CloudWatch allows %d: "+
				"choose a shorter name for the metric, the step policy or the stack", a.name, len(a.name), maxAlarmName))
		}
	}
	return faults
}

// resourcesFit returns a fault when a stack cannot hold a policy with so many
// alarms.
func resourcesFit(alarms int, p *policy.Policy) []error {
	actions := 0
	for _, t := range p.Targets {
		actions += len(t.Actions)
	}
	further := dashboard.Count(len(p.Targets)) - 1 // the first is of the rest
	if resourcesRest+alarms+actions+further <= maxResources {
		return nil
	}
	return []error{fmt.Errorf("policy has %d alarms and %d scheduled actions, together more than "+
		"the %d that fit one stack: split it into several stacks", alarms, actions, maxResources-resourcesRest-further)}
}

// endpoints returns the names of the endpoints with a target of that kind, each
// once, in order.
func endpoints(p *policy.Policy, kind func(policy.Target) bool) []string {
	var names []string
	for _, t := range p.Targets {
		if kind(t) {
			names = append(names, t.Endpoint)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func allTargets(policy.Target) bool { return true }

// actingTargets are those whose capacity may be changed.
func actingTargets(t policy.Target) bool { return !t.DryRun }

// spellings adds to each name its lower-case form: SageMaker writes the names of
// endpoints in ARNs in lower case.
func spellings(names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, name)
		if lower := strings.ToLower(name); lower != name {
			all = append(all, lower)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
