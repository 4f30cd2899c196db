using System.Text;
using k8s;
using RabbitMQ.Client;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>RabbitMQ as an outsider sees it: any AMQP client can put a message there.</summary>
internal sealed class Broker : IAsyncDisposable
{
    private readonly PortForward forward;
    private readonly IConnection connection;
    private readonly IChannel channel;

    private Broker(PortForward forward, IConnection connection, IChannel channel) => (this.forward, this.connection, this.channel) = (forward, connection, channel);

    public static async Task<Broker> ConnectAsync(TestCluster cluster)
    {
        var secrets = await cluster.Api.CoreV1.ListNamespacedSecretAsync(Installation.Namespace);
        var secret = secrets.Items.First(s => s.Metadata.Name.StartsWith("kublambda-rabbitmq", StringComparison.Ordinal)).Data;
        var forward = await PortForward.ToAsync(Installation.Namespace, Installation.RabbitMq, 5672);
        var factory = new ConnectionFactory
        {
            HostName = "127.0.0.1",
            Port = forward.Port,
            UserName = Encoding.UTF8.GetString(secret["RabbitMq__Username"]),
            Password = Encoding.UTF8.GetString(secret["RabbitMq__Password"]),
        };
        var connection = await factory.CreateConnectionAsync();
        return new(forward, connection, await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true)));
    }

    /// <summary>Straight into a queue, as a MassTransit envelope.</summary>
    public async Task PutAsync(string queue, string body) =>
        await channel.BasicPublishAsync("", queue, mandatory: true, new BasicProperties { ContentType = "application/vnd.masstransit+json", Persistent = true }, Encoding.UTF8.GetBytes(body));

    /// <summary>Messages that wait in a queue; none where there is no such queue.</summary>
    public async Task<uint> CountAsync(string queue)
    {
        // A passive declaration of a missing queue closes the channel: so each look has its own.
        await using var look = await connection.CreateChannelAsync();
        try
        {
            return (await look.QueueDeclarePassiveAsync(queue)).MessageCount;
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            return 0;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await connection.DisposeAsync();
        forward.Dispose();
    }
}
