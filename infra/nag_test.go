package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"

	"sagescale/infra/bundle"
)

func TestNoFindings(t *testing.T) {
	for _, finding := range standard(t).findings {
		t.Error(finding)
	}
}

// The suppressions are these, so that a new one is a change of this test.
func TestSuppressions(t *testing.T) {
	expected := []string{
		"AlarmRole AwsSolutions-IAM5 [Resource::*]",
		"DeadLetters AwsSolutions-SQS3 <nil>",
		"ScheduleRole AwsSolutions-IAM5 [Resource::*]",
	}
	a := standard(t)
	var got []string
	for _, id := range slices.Sorted(maps.Keys(a.Resources)) {
		for _, s := range list(dig(a.Resources[id].Metadata, "cdk_nag", "rules_to_suppress")) {
			got = append(got, fmt.Sprint(id[:len(id)-8], " ", dig(s, "id"), " ", dig(s, "applies_to")))
		}
	}
	if !slices.Equal(got, expected) {
		t.Errorf("suppressions:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(expected, "\n"))
	}
}

// cdk-nag does look: a queue that takes messages in clear is found.
func TestFindingIsAnError(t *testing.T) {
	dir := t.TempDir()
	// The CDK would print a report of what is expected here.
	props, err := appProps(dir, map[string]any{"@aws-cdk/core:annotationsInValidationReport": false})
	if err != nil {
		t.Fatal(err)
	}
	app := awscdk.NewApp(props)
	s, err := loadSettings(map[string]any{contextPolicy: testPolicy})
	if err != nil {
		t.Fatal(err)
	}
	// The functions are not built for it: any folder will do.
	bundles := bundle.Bundles{Root: filepath.Join(dir, "build"), Architecture: s.Architecture}
	fakeBundles(t, bundles)
	st, err := declare(app, s, bundles)
	if err != nil {
		t.Fatal(err)
	}
	awssqs.NewQueue(st.scope, text("Open"), nil)
	app.Synth(nil)
	findings, err := readFindings(*props.Outdir, s.StackName)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(findings, "\n"), "AwsSolutions-SQS4") {
		t.Errorf("findings %q, want AwsSolutions-SQS4", findings)
	}
}
