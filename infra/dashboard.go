package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"

	"sagescale/infra/dashboard"
)

// addDashboards declares the dashboards of the deployment. They are named by the stack
// and the Region: dashboards are of an account, in all its Regions.
func (s *stack) addDashboards() error {
	all, err := s.deployment().Dashboards()
	if err != nil {
		return err
	}
	for i, d := range all {
		awscloudwatch.NewCfnDashboard(s.scope, text(fmt.Sprintf("Dashboard%d", i+1)), &awscloudwatch.CfnDashboardProps{
			DashboardName: text(s.dashboardName() + d.Suffix),
			DashboardBody: text(d.Body),
		})
	}
	return nil
}

// dashboardName names the first dashboard.
func (s *stack) dashboardName() string { return s.settings.StackName + "-" + *s.scope.Region() }

// deployment is what the dashboards are of. The names of its resources are tokens, which
// the CDK resolves wherever they stand in a text.
func (s *stack) deployment() dashboard.Deployment {
	d := dashboard.Deployment{
		Stack:         s.settings.StackName,
		Region:        *s.scope.Region(),
		DeadLetters:   *s.deadLetters.QueueName(),
		Alarms:        s.operationalAlarms,
		Targets:       s.settings.Policy.Targets,
		TargetAlarms:  s.targetAlarms,
		TargetMetrics: s.settings.TargetMetrics,
	}
	for _, f := range functions() {
		shown := dashboard.Function{Name: f.name, Resource: *s.functions[f.name].FunctionName()}
		if f.evaluates {
			shown.Records = *s.logs[f.name].LogGroupName()
		}
		d.Functions = append(d.Functions, shown)
	}
	return d
}
