using Kublambda.Watcher.Broker;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Kublambda.Watcher.Delivery;

/// <summary>A channel that events are taken and acknowledged on.</summary>
internal sealed class ConsumerChannel : IAsyncDisposable
{
    private readonly IChannel _channel;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ConsumerChannel(IChannel channel)
    {
        _channel = channel;
        channel.ChannelShutdownAsync += (_, reason) => End(reason.ReplyText);
    }

    /// <summary>Ends, with an exception, when no more events come.</summary>
    public Task Ended => _ended.Task;

    /// <param name="connection">Its connection.</param>
    /// <param name="prefetch">Events of each queue that may be at hand.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ConsumerChannel> OpenAsync(IConnection connection, ushort prefetch, CancellationToken cancellationToken)
    {
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.BasicQosAsync(0, prefetch, false, cancellationToken);
        return new ConsumerChannel(channel);
    }

    /// <param name="queue">Where from.</param>
    /// <param name="take">Gets each event. What it is given is of use only until it returns.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task ConsumeAsync(string queue, Func<BasicDeliverEventArgs, Task> take, CancellationToken cancellationToken)
    {
        var consumer = new AsyncEventingBasicConsumer(_channel);
        consumer.UnregisteredAsync += (_, _) => End($"{queue} is gone");
        consumer.ReceivedAsync += (_, message) => take(message);
        await _channel.BasicConsumeAsync(queue, autoAck: false, consumer, cancellationToken);
    }

    /// <summary>Events in a queue that are at hand nowhere.</summary>
    public async Task<long> CountAsync(string queue, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await _channel.MessageCountAsync(queue, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task AcknowledgeAsync(ulong tag)
    {
        if (!_channel.IsOpen)
            return;
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            await _channel.BasicAckAsync(tag, multiple: false, CancellationToken.None);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends it: what is not acknowledged is given to the next one.</summary>
    public Task AbortAsync() => _channel.AbortAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        _turn.Dispose();
    }

    private Task End(string reason)
    {
        _ended.TrySetException(new BrokerLostException($"RabbitMQ: {reason}"));
        _ = _ended.Task.Exception;
        return Task.CompletedTask;
    }
}
