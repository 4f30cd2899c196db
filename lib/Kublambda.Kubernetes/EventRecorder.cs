using System.Net;
using System.Security.Cryptography;
using System.Text;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Kublambda.Kubernetes;

/// <summary>Writes core/v1 Events, which <c>kubectl describe</c> shows. The same thing said again raises a count. Never fails its caller.</summary>
/// <param name="component">Who reports: the name of the service.</param>
public sealed partial class EventRecorder(IKubernetes client, string component, TimeProvider time, ILogger<EventRecorder> logger)
{
    public const string Normal = "Normal";
    public const string Warning = "Warning";

    /// <summary>The API server's limit on an Event's message.</summary>
    public const int MessageLength = 1024;

    private readonly ILogger _logger = logger;

    /// <summary>Reports about an object; its <c>apiVersion</c> and <c>kind</c> come from it or its type.</summary>
    public Task RecordAsync<T>(T about, string type, string reason, string message, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var reference = new V1ObjectReference
        {
            ApiVersion = string.IsNullOrEmpty(about.ApiVersion) ? ApiVersionOf(typeof(T)) : about.ApiVersion,
            Kind = string.IsNullOrEmpty(about.Kind) ? KubernetesApply.KindOf(typeof(T)) : about.Kind,
            Name = about.Metadata.Name,
            NamespaceProperty = about.Metadata.NamespaceProperty,
            Uid = about.Metadata.Uid,
            ResourceVersion = about.Metadata.ResourceVersion,
        };
        return RecordAsync(reference, type, reason, message, cancellationToken);
    }

    public async Task RecordAsync(V1ObjectReference about, string type, string reason, string message, CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(Render(about, type, reason, message), cancellationToken);
        }
        catch (Exception e)
        {
            // An Event is a courtesy. In a namespace that is being deleted none can be made.
            LogNotRecorded(about.NamespaceProperty, about.Name, reason, e.Message);
        }
    }

    internal Corev1Event Render(V1ObjectReference about, string type, string reason, string message)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var text = Cut(message);
        return new Corev1Event
        {
            ApiVersion = "v1",
            Kind = "Event",
            Metadata = new V1ObjectMeta { Name = NameOf(about, type, reason, text), NamespaceProperty = about.NamespaceProperty ?? "default" },
            InvolvedObject = about,
            Type = type,
            Reason = reason,
            Message = text,
            Count = 1,
            FirstTimestamp = now,
            LastTimestamp = now,
            Source = new V1EventSource { Component = component },
            ReportingComponent = component,
            ReportingInstance = Environment.MachineName,
        };
    }

    private async Task WriteAsync(Corev1Event item, CancellationToken cancellationToken)
    {
        try
        {
            await client.CoreV1.CreateNamespacedEventAsync(item, item.Metadata.NamespaceProperty, cancellationToken: cancellationToken);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Conflict)
        {
            var known = await client.CoreV1.ReadNamespacedEventAsync(
                item.Metadata.Name, item.Metadata.NamespaceProperty, cancellationToken: cancellationToken);
            known.Count = (known.Count ?? 1) + 1;
            known.LastTimestamp = item.LastTimestamp;
            await client.CoreV1.ReplaceNamespacedEventAsync(
                known, known.Metadata.Name, known.Metadata.NamespaceProperty, cancellationToken: cancellationToken);
        }
    }

    /// <summary>The same object, type, reason and message have the same name; Events live for an hour.</summary>
    private static string NameOf(V1ObjectReference about, string type, string reason, string message)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', about.Uid, type, reason, message)));
        var head = about.Name.Length > 200 ? about.Name[..200].TrimEnd('-', '.') : about.Name;
        return $"{head}.{Convert.ToHexStringLower(digest.AsSpan(0, 8))}";
    }

    private static string Cut(string message)
    {
        if (Encoding.UTF8.GetByteCount(message) <= MessageLength)
            return message;
        const string more = " ...";
        var bytes = 0;
        var text = new StringBuilder();
        foreach (var rune in message.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MessageLength - more.Length)
                break;
            text.Append(rune.ToString());
        }

        return text.Append(more).ToString();
    }

    private static string ApiVersionOf(Type type)
    {
        var query = ResourceQuery.For(type);
        return query.Group.Length == 0 ? query.Version : $"{query.Group}/{query.Version}";
    }

    [LoggerMessage(LogLevel.Debug, "No event {Reason} for {Namespace}/{Name}: {Error}")]
    private partial void LogNotRecorded(string? @namespace, string name, string reason, string error);
}
