// Package sqs asks Amazon SQS how many messages a queue holds. It is the only importer of
// its SDK.
package sqs

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// ErrNoQueue says that there is no queue of a name.
var ErrNoQueue = errors.New("there is no such queue")

// api is what is used of SQS.
type api interface {
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// Queues are those of an account in a Region.
type Queues struct{ client api }

// New returns Queues on a client: the SDK's, or what behaves like it.
func New(client api) *Queues { return &Queues{client} }

// Messages returns about how many messages a queue holds, those among them that somebody
// has received and not yet deleted. It receives none. ErrNoQueue says that there is no
// such queue.
func (q *Queues) Messages(ctx context.Context, url string) (int, error) {
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names})
	if _, none := errors.AsType[*types.QueueDoesNotExist](err); none {
		return 0, ErrNoQueue
	}
	if err != nil {
		return 0, fmt.Errorf("call GetQueueAttributes: %w", err)
	}
	sum := 0
	for _, name := range names {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("call GetQueueAttributes: %s is no number: %w", name, err)
		}
		sum += n
	}
	return sum, nil
}
