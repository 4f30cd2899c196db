using Kublambda.Builder.Sources;

namespace Kublambda.Builder.Remote;

/// <summary>
/// Ends a transfer that comes to nothing: in each stretch of <see cref="FetchOptions.IdleTimeout"/> a server has to send a thousand bytes a
/// second, as git wants of it too. One that hangs, or sends a byte now and then, does not keep its place.
/// </summary>
internal sealed class Patience : IDisposable
{
    private const int BytesPerSecond = 1000;
    private readonly CancellationTokenSource _end;
    private readonly CancellationToken _outer;
    private readonly TimeSpan _limit;
    private long _received;

    /// <param name="limit">Length of a stretch.</param>
    /// <param name="cancellationToken">Ends the transfer for another reason.</param>
    public Patience(TimeSpan limit, CancellationToken cancellationToken)
    {
        (_limit, _outer) = (limit, cancellationToken);
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _end.CancelAfter(limit);
    }

    /// <summary>For the transfer.</summary>
    public CancellationToken Token => _end.Token;

    /// <summary>Bytes came.</summary>
    public void Received(long bytes)
    {
        _received += bytes;
        if (_received < BytesPerSecond * _limit.TotalSeconds)
            return;
        _received = 0;
        _end.CancelAfter(_limit);
    }

    /// <summary>Work that is ended where the server does not answer in time.</summary>
    /// <param name="what">Who is asked, for the message.</param>
    /// <param name="work">Is given <see cref="Token"/>.</param>
    /// <exception cref="SourceUnavailableException">It did not.</exception>
    public async Task<T> OfAsync<T>(string what, Func<Patience, Task<T>> work)
    {
        try
        {
            return await work(this);
        }
        catch (OperationCanceledException) when (!_outer.IsCancellationRequested && _end.IsCancellationRequested)
        {
            throw SourceUnavailable(what, _limit);
        }
    }

    public void Dispose() => _end.Dispose();

    /// <summary>What is said of such a server.</summary>
    public static SourceUnavailableException SourceUnavailable(string what, TimeSpan limit) =>
        new($"{what} sent nothing, or next to nothing, for {limit.TotalSeconds:0} s, and was given up (setting Fetch__IdleTimeout). It is asked again; look whether it works.");
}
