using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using k8s.Autorest;
using Kublambda.Contracts;
using Kublambda.Kubernetes;
using Kublambda.Watcher.Reporting;

namespace Kublambda.Watcher.Streams;

/// <summary>What the errors of the API server mean for a stream. No clients, no clock.</summary>
internal static partial class StreamFault
{
    /// <summary>So many failures in a row are not of those that pass by themselves, as while the API server starts.</summary>
    public const int Lasting = 4;

    /// <summary>The API server has no events any more of the time after the position.</summary>
    public static bool IsExpired(Exception e) =>
        e is ResourceExpiredException or HttpOperationException { Response.StatusCode: HttpStatusCode.Gone };

    /// <summary>
    /// The oldest revision from which a watch can be had, where the API server says it (<c>too old resource version: 5 (9)</c>): its cache
    /// mostly begins not far behind the position.
    /// </summary>
    public static ulong? OldestWatchable(string message) =>
        TooOld().Match(message) is { Success: true } found ? ulong.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;

    /// <summary>How the stream does after an error; null: it was one that passes.</summary>
    public static StreamHealth? Health(Exception e, int failures) => e switch
    {
        HttpOperationException { Response.StatusCode: HttpStatusCode.NotFound } when failures >= Lasting =>
            new(false, Reasons.KindNotFound, "The API server does not have the kind any more; it is looked for again and again."),
        HttpOperationException { Response.StatusCode: HttpStatusCode.Forbidden } refused when failures >= Lasting =>
            new(false, Reasons.TriggerForbidden, $"The API server does not let the watcher watch: {Said(refused)}"),
        HttpOperationException { Response.StatusCode: HttpStatusCode.BadRequest } refused =>
            new(false, Reasons.TriggerFailing, $"The API server refuses the watch: {Said(refused)}"),
        _ when failures >= 5 => new(false, Reasons.TriggerFailing, $"The watch broke {failures} times in a row and is opened again: {e.Message}"),
        _ => null,
    };

    /// <summary>The message of the Status object that the API server answers with.</summary>
    private static string Said(HttpOperationException e)
    {
        try
        {
            using var status = JsonDocument.Parse(e.Response.Content ?? "");
            return status.RootElement.GetProperty("message").GetString() ?? e.Message;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return e.Message;
        }
    }

    [GeneratedRegex(@"too old resource version: \d+ \((\d{1,18})\)", RegexOptions.CultureInvariant)]
    private static partial Regex TooOld();
}
