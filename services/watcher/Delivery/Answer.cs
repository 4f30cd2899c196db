using System.Globalization;
using System.Net;

namespace Kublambda.Watcher.Delivery;

/// <summary>What becomes of an event after a call.</summary>
internal enum Verdict
{
    /// <summary>2xx.</summary>
    Done,

    /// <summary>It may be different later.</summary>
    Again,

    /// <summary>It will be the same every time.</summary>
    GiveUp,
}

/// <summary>What came of one call.</summary>
/// <param name="Verdict">What to do.</param>
/// <param name="Said">The status, or the kind of failure: a word for metrics.</param>
/// <param name="Message">What the function or the network said; null where it went well.</param>
/// <param name="RetryAfter">How long the function asks to be left alone.</param>
internal sealed record Answer(Verdict Verdict, string Said, string? Message = null, TimeSpan? RetryAfter = null)
{
    /// <param name="status">The status.</param>
    /// <param name="body">The beginning of the answer's body.</param>
    /// <param name="retryAfter">Its header.</param>
    /// <param name="isReady">Whether the Lambda is ready: while it is not, 404 may come from something else in its place.</param>
    public static Answer Of(HttpStatusCode status, string body, TimeSpan? retryAfter, bool isReady)
    {
        var number = (int)status;
        var said = number.ToString(CultureInfo.InvariantCulture);
        if (number is >= 200 and < 300)
            return new Answer(Verdict.Done, said);
        var message = body.Length > 0 ? $"The function answered {said}: {body}" : $"The function answered {said}.";
        return number >= 500 || number is 408 or 425 or 429 || (number == 404 && !isReady)
            ? new Answer(Verdict.Again, said, message, retryAfter)
            : new Answer(Verdict.GiveUp, said, number is >= 300 and < 400 ? $"{message} Redirections are not followed." : message);
    }
}
