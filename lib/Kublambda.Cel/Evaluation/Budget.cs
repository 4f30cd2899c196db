using System.Diagnostics;

namespace Kublambda.Cel.Evaluation;

/// <summary>What one evaluation may still spend. Looks at the clock and the cancellation token every thousand steps.</summary>
internal sealed class Budget(CelLimits limits, CancellationToken cancellationToken)
{
    private const long StepsBetweenChecks = 1_000;

    private readonly long _started = Stopwatch.GetTimestamp();
    private long _left = limits.MaxCost;
    private long _nextCheck = limits.MaxCost - StepsBetweenChecks;

    public long Spent => limits.MaxCost - _left;

    /// <summary>To be called before the work it pays for, so that what is too dear is never begun.</summary>
    /// <exception cref="LimitReachedException">Nothing is left, or the time is up.</exception>
    public void Charge(long cost)
    {
        _left -= cost;
        if (_left < _nextCheck) Check();
    }

    /// <summary>What looking a key up takes: all of a text is read.</summary>
    public void ChargeKey(CelValue key)
    {
        if (key is CelString text) Charge(text.Value.Length / 10);
    }

    private void Check()
    {
        if (_left < 0) throw new LimitReachedException($"the evaluation takes more than {limits.MaxCost} steps");
        cancellationToken.ThrowIfCancellationRequested();
        if (Stopwatch.GetElapsedTime(_started) > limits.Timeout) throw new LimitReachedException($"the evaluation takes longer than {limits.Timeout.TotalSeconds} s");
        _nextCheck = _left - StepsBetweenChecks;
    }
}

/// <summary>Ends an evaluation from any depth; no operator absorbs it.</summary>
internal sealed class LimitReachedException(string message) : Exception(message);
