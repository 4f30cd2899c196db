using RabbitMQ.Client;

namespace Kublambda.Watcher.Broker;

/// <summary>A message to publish.</summary>
internal sealed record Outgoing(string Exchange, string RoutingKey, BasicProperties Properties, ReadOnlyMemory<byte> Body);
