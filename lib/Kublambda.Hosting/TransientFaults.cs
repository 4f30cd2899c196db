using System.Net;
using System.Net.Sockets;
using k8s.Autorest;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace Kublambda.Hosting;

/// <summary>
/// Tells faults of the surroundings (API server or registry away, a conflict) from poisoned messages. A service adds
/// what it knows with <c>services.Configure&lt;TransientFaults&gt;(f =&gt; f.Add(...))</c>.
/// </summary>
public sealed class TransientFaults
{
    private readonly List<Func<Exception, bool>> _predicates = [IsNetworkFault, IsServerFault];

    public void Add(Func<Exception, bool> predicate) => _predicates.Add(predicate);

    /// <summary>Whether the exception, or one inside it, will pass by itself.</summary>
    public bool IsTransient(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (_predicates.Exists(p => p(e)))
                return true;
        }

        return false;
    }

    private static bool IsNetworkFault(Exception exception) =>
        exception is HttpRequestException or IOException or SocketException or TimeoutException or OperationCanceledException;

    private static bool IsServerFault(Exception exception) =>
        exception is HttpOperationException { Response.StatusCode: var status }
        && (status is HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests or HttpStatusCode.Unauthorized || (int)status >= 500);
}

/// <summary>
/// Lets a message go whose handling failed for a transient reason even after its retries. Nothing is lost by that: the
/// controller says everything again until the Lambda is settled. Only poison reaches the dead letters (<c>*_error</c>).
/// </summary>
internal sealed partial class TransientFaultFilter(TransientFaults faults, ILogger<TransientFaultFilter> logger) : IFilter<ConsumeContext>
{
    public async Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        try
        {
            await next.Send(context).ConfigureAwait(false);
        }
        catch (Exception e) when (faults.IsTransient(e))
        {
            LogLetGo(string.Join(',', context.SupportedMessageTypes), context.MessageId, e);
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("transient-faults");

    [LoggerMessage(Level = LogLevel.Warning, Message = "Message {Types} {MessageId} could not be handled for now; the controller will say it again")]
    private partial void LogLetGo(string types, Guid? messageId, Exception exception);
}
