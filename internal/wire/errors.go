package wire

import (
	"context"

	"github.com/aws/smithy-go/middleware"

	"sagescale/internal/plain"
)

// longestError is how much of an error of AWS is kept, in characters: it is logged,
// and stored with the activity that it ended, and DynamoDB takes no item of more than
// 400 KB.
const longestError = 1000

// cutErrors has the errors of a client cut, whatever the service says in them.
func cutErrors(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("CutErrors",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
			middleware.InitializeOutput, middleware.Metadata, error,
		) {
			out, metadata, err := next.HandleInitialize(ctx, in)
			if err != nil {
				err = cutError{err}
			}
			return out, metadata, err
		}), middleware.Before)
}

// cutError is an error of which little is said. What it wraps is as it was.
type cutError struct{ error }

func (e cutError) Error() string { return plain.Cut(e.error.Error(), longestError) }

func (e cutError) Unwrap() error { return e.error }
