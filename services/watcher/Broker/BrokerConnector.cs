using Kublambda.Hosting;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Kublambda.Watcher.Broker;

/// <summary>Opens connections to RabbitMQ. Nothing recovers by itself: whoever loses a connection begins anew from what is stored.</summary>
internal sealed class BrokerConnector(IOptions<RabbitMqOptions> options)
{
    public Task<IConnection> ConnectAsync(string purpose, CancellationToken cancellationToken)
    {
        var settings = options.Value;
        return new ConnectionFactory
        {
            HostName = settings.Host,
            Port = settings.Port,
            VirtualHost = settings.VirtualHost,
            UserName = settings.Username,
            Password = settings.Password,
            ClientProvidedName = $"kublambda-watcher {purpose}",
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
            RequestedConnectionTimeout = TimeSpan.FromSeconds(5),
            ContinuationTimeout = TimeSpan.FromSeconds(20),
        }.CreateConnectionAsync(cancellationToken);
    }
}
