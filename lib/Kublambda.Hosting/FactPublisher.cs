using MassTransit;

namespace Kublambda.Hosting;

/// <summary>Publishes facts on the bus.</summary>
public interface IFactPublisher
{
    /// <summary>
    /// Returns when the broker has confirmed the message.
    /// </summary>
    /// <exception cref="TimeoutException">The broker did not confirm within ten seconds, or is away. Nothing is
    /// buffered: the fact is said again when the resource is reconciled again.</exception>
    Task PublishAsync<T>(T message, CancellationToken cancellationToken)
        where T : class;
}

internal sealed class FactPublisher(IBus bus, TimeProvider time) : IFactPublisher
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    public async Task PublishAsync<T>(T message, CancellationToken cancellationToken)
        where T : class
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await bus.Publish(message, either.Token).WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"RabbitMQ did not confirm {typeof(T).Name} within {Timeout.TotalSeconds:0} s.");
        }
    }
}
