using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Kublambda.Watcher.Delivery;

/// <summary>
/// Puts events of lanes whose first one is not taken into a queue of their own, so that they do not fill the places of the others. An event is
/// stored there before it leaves the first queue; in between it may be in both, and comes twice.
/// </summary>
internal sealed class Parking(ConfirmedChannel publisher, TriggerQueues queues, ConsumerChannel channel, Action<QueuedEvent> count)
{
    private const int MaxBatch = 50;

    /// <summary>In a message that marks a place in the queue, and is no event.</summary>
    private const string Mark = "kublambda-mark";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Channel<QueuedEvent> _events = Channel.CreateUnbounded<QueuedEvent>();

    public void Add(IReadOnlyList<QueuedEvent> events)
    {
        foreach (var each in events)
            _events.Writer.TryWrite(each);
    }

    /// <exception cref="BrokerLostException">Nothing can be parked any more.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (await _events.Reader.WaitToReadAsync(cancellationToken))
        {
            var batch = new List<QueuedEvent>();
            while (batch.Count < MaxBatch && _events.Reader.TryRead(out var next))
                batch.Add(next);
            await publisher.PublishAsync([.. batch.Select(Message)], cancellationToken);
            foreach (var each in batch)
            {
                await channel.AcknowledgeAsync(each.Tag);
                count(each);
            }
        }
    }

    public static bool IsMark(IReadOnlyBasicProperties properties) => properties.Headers?.ContainsKey(Mark) == true;

    /// <summary>How many events of each lane are parked: reads the queue up to a mark, and gives all of it back in its order.</summary>
    public static async Task<Dictionary<string, int>> ReadAsync(
        IConnection connection, ConfirmedChannel publisher, TriggerQueues queues, TimeProvider time, CancellationToken cancellationToken)
    {
        var (mark, lanes) = (Guid.NewGuid().ToString("N"), new Dictionary<string, int>(StringComparer.Ordinal));
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        channel.ChannelShutdownAsync += (sender, reason) =>
        {
            reached.TrySetException(new BrokerLostException($"RabbitMQ: {reason.ReplyText}"));
            _ = reached.Task.Exception;
            return Task.CompletedTask;
        };
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, message) =>
        {
            if (!IsMark(message.BasicProperties))
            {
                var lane = QueuedEvent.Of(message, parked: true, default).Lane;
                lanes[lane] = lanes.GetValueOrDefault(lane) + 1;
            }
            else if (message.BasicProperties.Headers?[Mark] is byte[] text && Encoding.UTF8.GetString(text) == mark)
            {
                reached.TrySetResult();
            }

            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queues.Parked, autoAck: false, consumer, cancellationToken);
        var properties = new BasicProperties { Persistent = true, Headers = new Dictionary<string, object?> { [Mark] = mark } };
        await publisher.PublishAsync([new Outgoing(queues.Exchange, TriggerQueues.ParkedKey, properties, default)], cancellationToken);
        await reached.Task.WaitAsync(Patience, time, cancellationToken);
        return lanes;
    }

    private Outgoing Message(QueuedEvent queued)
    {
        var properties = new BasicProperties(queued.Properties)
        {
            Persistent = true,
            Headers = new Dictionary<string, object?>(queued.Properties.Headers ?? new Dictionary<string, object?>())
            {
                [TriggerHeaders.Since] = queued.Since.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
                [TriggerHeaders.Attempts] = queued.Attempts.ToString(CultureInfo.InvariantCulture),
            },
        };
        return new Outgoing(queues.Exchange, TriggerQueues.ParkedKey, properties, queued.Body);
    }
}
