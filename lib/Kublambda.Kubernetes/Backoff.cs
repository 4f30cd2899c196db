namespace Kublambda.Kubernetes;

/// <summary>Exponential back-off with jitter: the n-th delay lies between half of <c>first * 2^(n-1)</c> and all of it, cut to a maximum.</summary>
public sealed class Backoff(TimeSpan first, TimeSpan max, Func<double>? random = null)
{
    private readonly Func<double> _random = random ?? Random.Shared.NextDouble;

    /// <param name="attempt">From 1 on.</param>
    public TimeSpan Delay(int attempt)
    {
        var exponent = Math.Clamp(attempt - 1, 0, 30);
        var full = Math.Min(first.TotalMilliseconds * Math.Pow(2, exponent), max.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(full * (0.5 + (_random() / 2)));
    }
}
