package sqs_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sagescale/internal/sqs"
)

// client answers with attributes, or fails.
type client struct {
	attributes map[string]string
	err        error
}

func (c client) GetQueueAttributes(_ context.Context, in *sdk.GetQueueAttributesInput, _ ...func(*sdk.Options)) (*sdk.GetQueueAttributesOutput, error) {
	out := &sdk.GetQueueAttributesOutput{Attributes: map[string]string{}}
	for _, name := range in.AttributeNames {
		if v, ok := c.attributes[string(name)]; ok && *in.QueueUrl == "url" {
			out.Attributes[string(name)] = v
		}
	}
	return out, c.err
}

func TestMessages(t *testing.T) {
	const there, taken = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
	for name, tt := range map[string]struct {
		client client
		want   int
		fails  string
	}{
		"none":           {client{attributes: map[string]string{there: "0", taken: "0"}}, 0, ""},
		"some, received": {client{attributes: map[string]string{there: "2", taken: "3"}}, 5, ""},
		"not told":       {client{attributes: map[string]string{there: "2"}}, 0, taken + " is no number"},
		"no number":      {client{attributes: map[string]string{there: "many", taken: "3"}}, 0, there + " is no number"},
		"no queue":       {client{err: &types.QueueDoesNotExist{}}, 0, sqs.ErrNoQueue.Error()},
		"no answer":      {client{err: errors.New("slow")}, 0, "call GetQueueAttributes: slow"},
	} {
		got, err := sqs.New(tt.client).Messages(t.Context(), "url")
		if got != tt.want || (err != nil) != (tt.fails != "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
			t.Errorf("%s: got %d, %v", name, got, err)
		}
		if errors.Is(err, sqs.ErrNoQueue) != (name == "no queue") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
