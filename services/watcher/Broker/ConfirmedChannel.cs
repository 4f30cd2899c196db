using RabbitMQ.Client;

namespace Kublambda.Watcher.Broker;

/// <summary>
/// Publishes batches in the order in which they come, and says when the broker has stored them. After any failure it is of no use
/// any more: what of a batch was stored is not known then, and the batch has to be published again by a successor.
/// </summary>
internal sealed class ConfirmedChannel : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly IChannel _channel;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly SortedDictionary<ulong, Batch> _pending = [];
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _blocked;

    private ConfirmedChannel(IConnection connection, IChannel channel, TimeProvider time)
    {
        (_channel, _time) = (channel, time);
        channel.BasicAcksAsync += (_, acks) => Settle(acks.DeliveryTag, acks.Multiple);
        channel.BasicNacksAsync += (_, _) => Fail("the broker refused a message");
        channel.BasicReturnAsync += (_, returned) => Fail($"no queue takes {returned.RoutingKey}: {returned.ReplyText}");
        channel.ChannelShutdownAsync += (_, reason) => Fail($"the channel is closed: {reason.ReplyText}");
        connection.ConnectionBlockedAsync += (_, _) => Block(true);
        connection.ConnectionUnblockedAsync += (_, _) => Block(false);
    }

    /// <summary>Ends, with an exception, when the channel is of no use any more.</summary>
    public Task Failed => _failed.Task;

    public static async Task<ConfirmedChannel> OpenAsync(IConnection connection, TimeProvider time, CancellationToken cancellationToken)
    {
        var options = new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false);
        return new ConfirmedChannel(connection, await connection.CreateChannelAsync(options, cancellationToken), time);
    }

    /// <summary>Returns when all messages are stored by every queue that they were routed to.</summary>
    /// <exception cref="BrokerLostException">It is not known whether they are.</exception>
    public async Task PublishAsync(IReadOnlyCollection<Outgoing> messages, CancellationToken cancellationToken)
    {
        if (messages.Count == 0)
            return;
        var batch = new Batch(messages.Count);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            foreach (var message in messages)
            {
                var number = await _channel.GetNextPublishSequenceNumberAsync(cancellationToken);
                lock (_pending)
                {
                    ObjectDisposedException.ThrowIf(_failed.Task.IsCompleted, this);
                    _pending.Add(number, batch);
                }

                // Not to be cancelled between the number and the message.
                var sent = _channel.BasicPublishAsync(message.Exchange, message.RoutingKey, mandatory: true, message.Properties, message.Body, CancellationToken.None);
                await PatientlyAsync(sent.AsTask(), "a message could not be sent");
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await Fail(e.Message);
            throw new BrokerLostException(e.Message);
        }
        finally
        {
            _turn.Release();
        }

        await PatientlyAsync(batch.Stored.WaitAsync(cancellationToken), "no confirmation came");
    }

    public async ValueTask DisposeAsync()
    {
        await Fail("the session is over");
        try
        {
            await _channel.DisposeAsync();
        }
        catch (Exception)
        {
            // Closed by the other side before.
        }

        _turn.Dispose();
    }

    /// <summary>While the broker has no memory or disk left it takes nothing and confirms nothing; it is alive, so that is waited for.</summary>
    private async Task PatientlyAsync(Task task, string problem)
    {
        while (true)
        {
            try
            {
                await task.WaitAsync(Patience, _time);
                return;
            }
            catch (TimeoutException)
            {
                if (_blocked)
                    continue;
                await Fail($"{problem} for {Patience.TotalSeconds:0} s");
                throw new BrokerLostException($"RabbitMQ: {problem} for {Patience.TotalSeconds:0} s.");
            }
        }
    }

    private Task Settle(ulong number, bool multiple)
    {
        var settled = new List<Batch>();
        lock (_pending)
        {
            if (multiple)
            {
                while (_pending.Count > 0 && _pending.First() is var first && first.Key <= number)
                {
                    _pending.Remove(first.Key);
                    settled.Add(first.Value);
                }
            }
            else if (_pending.Remove(number, out var one))
            {
                settled.Add(one);
            }
        }

        settled.ForEach(each => each.One());
        return Task.CompletedTask;
    }

    private Task Fail(string reason)
    {
        var error = new BrokerLostException($"RabbitMQ: {reason}.");
        List<Batch> lost;
        lock (_pending)
        {
            _failed.TrySetException(error);
            lost = [.. _pending.Values];
            _pending.Clear();
        }

        _ = _failed.Task.Exception;
        lost.ForEach(each => each.Fail(error));
        return Task.CompletedTask;
    }

    private Task Block(bool blocked)
    {
        _blocked = blocked;
        return Task.CompletedTask;
    }

    private sealed class Batch(int count)
    {
        private readonly TaskCompletionSource _stored = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _missing = count;

        public Task Stored => _stored.Task;

        public void One()
        {
            if (Interlocked.Decrement(ref _missing) == 0)
                _stored.TrySetResult();
        }

        public void Fail(Exception error) => _stored.TrySetException(error);
    }
}

/// <summary>The connection to RabbitMQ is lost, or what was published on it is not known to be stored.</summary>
internal sealed class BrokerLostException(string message) : Exception(message);
