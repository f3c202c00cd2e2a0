package main

import (
	"strings"
	"testing"

	"sagescale/infra/bundle"
)

// The topic gets the sentence of each event of this stack alone, encrypted.
func TestNotifications(t *testing.T) {
	a := standard(t)
	rule := a.Resources["NotificationsRule"].Properties
	want(t, "rule", rule, map[string]any{"source": []string{"sagescale"}, "detail": map[string]any{"stack": []string{"sagescale"}}}, "EventPattern")
	topic := a.ids("AWS::SNS::Topic")
	if len(topic) != 1 {
		t.Fatalf("topics %v", topic)
	}
	target := dig(rule, "Targets", 0)
	want(t, "rule", target, topic[0], "Arn", "Ref")
	want(t, "rule", target, "$.detail.message", "InputTransformer", "InputPathsMap", "message")
	want(t, "rule", target, `"<message>"`, "InputTransformer", "InputTemplate")
	want(t, "rule", target, 900, "RetryPolicy", "MaximumEventAgeInSeconds")
	want(t, "rule", target, a.ids("AWS::SQS::Queue")[0], "DeadLetterConfig", "Arn", "Fn::GetAtt", 0)
	want(t, "topic", a.Resources[topic[0]].Properties, a.ids("AWS::KMS::Key")[0], "KmsMasterKeyId", "Fn::GetAtt", 0)
	want(t, "key", a.all("AWS::KMS::Key")[0], true, "EnableKeyRotation")
	want(t, "output", a.Outputs["NotificationTopic"].Value, topic[0], "Ref")
}

// Nobody who has not asked for it pays for a key, or has a topic.
func TestNoNotifications(t *testing.T) {
	bundles := bundle.Bundles{Root: t.TempDir(), Architecture: bundle.ARM64}
	fakeBundles(t, bundles)
	a := synthFake(t, bundles, map[string]any{contextPolicy: testPolicy})
	for id, r := range a.Resources {
		if strings.HasPrefix(r.Type, "AWS::SNS::") || strings.HasPrefix(r.Type, "AWS::KMS::") || id == "NotificationsRule" {
			t.Errorf("%s %s", r.Type, id)
		}
	}
	if _, ok := a.Outputs["NotificationTopic"]; ok {
		t.Error("an output without a topic")
	}
}
