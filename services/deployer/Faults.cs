using System.Net;
using System.Text.Json;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Contracts;

namespace Kublambda.Deployer;

/// <summary>Nothing changes until somebody does something: said in the condition, looked at again now and then.</summary>
/// <param name="reason">One of <see cref="Reasons"/>.</param>
/// <param name="message">The cause and the remedy.</param>
public sealed class StalledException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public string Reason { get; } = reason;
}

/// <summary>It passes by itself: tried again soon.</summary>
public sealed class WaitingException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The one place where the API server's answers to a write become one of the two.</summary>
internal static class Faults
{
    /// <param name="e">The answer.</param>
    /// <param name="what">What was written: <c>Deployment shop/hello</c>.</param>
    public static Exception Of(HttpOperationException e, string what)
    {
        var words = Words(e);
        var status = e.Response.StatusCode;
        if (words.Contains("being terminated", StringComparison.Ordinal))
            return new WaitingException($"{what}: {words}", e);
        return status switch
        {
            HttpStatusCode.BadRequest or HttpStatusCode.Forbidden or HttpStatusCode.MethodNotAllowed
                or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity =>
                new StalledException(Reasons.ApplyFailed, $"The API server refused the {what}: {words}\nRemedy: {Remedy(status, words)}", e),
            _ => new WaitingException($"{what}: {(int)status} {words}", e),
        };
    }

    /// <summary>What the API server said, without the JSON around it.</summary>
    public static string Words(HttpOperationException e)
    {
        try
        {
            return KubernetesJson.Deserialize<V1Status>(e.Response.Content).Message is { Length: > 0 } message ? message : e.Message;
        }
        catch (Exception x) when (x is JsonException or ArgumentNullException)
        {
            return e.Message;
        }
    }

    private static string Remedy(HttpStatusCode status, string words) => status switch
    {
        _ when words.Contains("exceeded quota", StringComparison.Ordinal) =>
            "raise the ResourceQuota of the namespace, or delete what is not needed there.",
        _ when words.Contains("admission webhook", StringComparison.Ordinal) =>
            "change the Lambda so that the webhook's policy allows it, or change the policy.",
        HttpStatusCode.Forbidden => "give the deployer's ServiceAccount the permission that is named, as in deploy/base.",
        _ => "change the field that is named in the Lambda.",
    };
}
