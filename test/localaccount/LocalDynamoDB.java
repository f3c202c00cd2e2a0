import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBRequestHandler;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBServerHandler;
import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.server.handler.ContextHandlerCollection;

/** Runs DynamoDB Local, in memory, on 127.0.0.1: its own main listens on every interface. */
final class LocalDynamoDB {
  public static void main(String[] args) throws Exception {
    var requests = new LocalDynamoDBRequestHandler(0, true, null, false, false);
    var context = new ContextHandler();
    context.setHandler(new LocalDynamoDBServerHandler(requests, null));
    var server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])));
    server.setHandler(new ContextHandlerCollection(context));
    server.start();
    server.join();
  }
}
