using System.Diagnostics;
using System.Net.Sockets;
using k8s.Autorest;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>Waits by looking again and again: the only way that time enters these tests.</summary>
public static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Looks until <paramref name="holds"/>; else fails with what was seen last and what <paramref name="explain"/> adds.</summary>
    /// <param name="what">What is waited for, as the end of the sentence "waited for ...".</param>
    /// <param name="look">One look. Errors of the network and of a server that is away count as "not yet".</param>
    /// <param name="holds">Whether that is it.</param>
    /// <param name="seconds">How long; far above what it takes on an idle machine.</param>
    /// <param name="show">What was seen, in few words.</param>
    /// <param name="explain">What helps to find the cause; read on failure alone.</param>
    public static async Task<T> HoldsAsync<T>(
        string what, Func<Task<T>> look, Func<T, bool> holds, int seconds, Func<T, string>? show = null, Func<Task<string>>? explain = null)
    {
        var clock = Stopwatch.StartNew();
        string seen;
        do
        {
            try
            {
                var value = await look();
                if (holds(value))
                    return value;
                seen = show is null ? value?.ToString() ?? "nothing" : show(value);
            }
            catch (Exception e) when (IsPassing(e))
            {
                seen = e.Message;
            }

            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
        while (clock.Elapsed.TotalSeconds < seconds);

        var more = explain is null ? "" : Environment.NewLine + await explain();
        Assert.Fail($"waited {seconds} s for {what}; seen last: {seen}{more}");
        throw new UnreachableException();
    }

    /// <summary>The same for a plain yes or no.</summary>
    public static Task IsTrueAsync(string what, Func<Task<bool>> look, int seconds, Func<Task<string>>? explain = null) =>
        HoldsAsync(what, look, yes => yes, seconds, explain: explain);

    /// <summary>The server is away, or says so itself: not an answer.</summary>
    public static bool IsPassing(Exception e) => e switch
    {
        HttpOperationException http => (int)http.Response.StatusCode is 409 or 429 or >= 500,
        HttpRequestException or IOException or SocketException or TimeoutException => true,
        OperationCanceledException => !TestContext.Current.CancellationToken.IsCancellationRequested,
        _ => false,
    };
}
