using Kublambda.Triggers;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Kublambda.Watcher.Broker;

/// <summary>
/// Brings the queues of Lambdas into use. RabbitMQ 3 writes down with a delay of half a second that a queue is there: killed before, it may know
/// the name and not the leader, and then takes nothing in and gives nothing out, for ever. So nothing is published before a new queue has been
/// there for a while and a mark says so; a queue without a mark holds nothing, and is made anew where it does not answer.
/// </summary>
internal sealed partial class FirstUse(IConnection connection, TimeProvider time, ILogger logger)
{
    /// <summary>After this RabbitMQ has written down what it has.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    /// <summary>A queue that has a leader takes a consumer at once.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <exception cref="BrokerLostException">Something was thrown away: begin another session.</exception>
    public async Task PrepareAsync(IReadOnlyCollection<TriggerQueues> all, CancellationToken cancellationToken)
    {
        var unused = new List<TriggerQueues>();
        foreach (var queues in all)
        {
            await Topology.DeclareEventsAsync(connection, queues, cancellationToken);
            if (!await Topology.IsMarkedAsync(connection, queues.Used, cancellationToken))
                unused.Add(queues);
        }

        if (unused.Count == 0)
            return;
        foreach (var queues in unused)
            await MendAsync(queues, cancellationToken);
        await Task.Delay(Settling, time, cancellationToken);
        foreach (var queues in unused)
            await Topology.MarkAsync(connection, queues.Used, cancellationToken);
    }

    private async Task MendAsync(TriggerQueues queues, CancellationToken cancellationToken)
    {
        foreach (var queue in new[] { queues.Events, queues.Parked, queues.Dead })
        {
            if (await AnswersAsync(queue, cancellationToken))
                continue;
            LogLeaderless(queue);
            // With it the exchange, whose bindings may be half there too. All of it is declared at the beginning of a session.
            await Topology.DeleteAsync(connection, queue, cancellationToken);
            await Topology.DeleteExchangeAsync(connection, queues.Exchange, cancellationToken);
            throw new BrokerLostException($"RabbitMQ ended before it had written down {queue}, which is made anew");
        }
    }

    private async Task<bool> AnswersAsync(string queue, CancellationToken cancellationToken)
    {
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            await channel.BasicQosAsync(0, 1, false, cancellationToken);
            await channel.BasicConsumeAsync(queue, autoAck: false, new AsyncDefaultBasicConsumer(channel), cancellationToken)
                .WaitAsync(Patience, time, cancellationToken);
            await channel.DisposeAsync();
            return true;
        }
        catch (Exception e) when (e is TimeoutException or OperationInterruptedException)
        {
            if (!connection.IsOpen)
                throw new BrokerLostException($"RabbitMQ: the connection broke while {queue} was looked at: {e.Message}");
            // It would wait for an answer that does not come.
            _ = channel.AbortAsync(CancellationToken.None).ContinueWith(task => task.Exception, TaskScheduler.Default);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Queue} has no leader: RabbitMQ ended before it had written the queue down. Nothing can be in it, so it is made anew")]
    private partial void LogLeaderless(string queue);
}
