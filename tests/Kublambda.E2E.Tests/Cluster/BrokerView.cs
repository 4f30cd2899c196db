using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using k8s;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>What there is in RabbitMQ, by its management API, apart from the code under test.</summary>
internal static class BrokerView
{
    /// <summary>Users, queues and exchanges with this in their name.</summary>
    public static async Task<IReadOnlyList<string>> NamedAsync(TestCluster cluster, string part)
    {
        var secrets = await cluster.Api.CoreV1.ListNamespacedSecretAsync(Installation.Namespace);
        var secret = secrets.Items.First(s => s.Metadata.Name.StartsWith("kublambda-rabbitmq", StringComparison.Ordinal)).Data;
        using var forward = await PortForward.ToAsync(Installation.Namespace, Installation.RabbitMq, 15672);
        using var http = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{forward.Port}/api/")) };
        var credentials = $"{Encoding.UTF8.GetString(secret["RabbitMq__Username"])}:{Encoding.UTF8.GetString(secret["RabbitMq__Password"])}";
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        var found = new List<string>();
        foreach (var what in new[] { "users", "queues", "exchanges" })
        {
            using var list = JsonDocument.Parse(await http.GetStringAsync(new Uri($"{what}?columns=name", UriKind.Relative)));
            found.AddRange(list.RootElement.EnumerateArray().Select(e => e.GetProperty("name").GetString()!)
                .Where(name => name.Contains(part, StringComparison.Ordinal)).Select(name => $"{what}/{name}"));
        }

        return found;
    }
}
