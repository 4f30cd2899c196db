using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;

namespace Kublambda.Hosting.Broker;

/// <summary>A user of the broker.</summary>
/// <param name="Name">Its name.</param>
/// <param name="PasswordHash">Salt and hash of its password, as base64.</param>
public sealed record BrokerUser(string Name, [property: JsonPropertyName("password_hash")] string? PasswordHash);

/// <summary>A queue or an exchange of the broker.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Exclusive">Of a queue: it goes with the connection that it belongs to, and nobody else may delete it.</param>
public sealed record BrokerObject(string Name, bool Exclusive = false);

/// <summary>The broker's management API cannot be used now.</summary>
public sealed class BrokerException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The few calls of RabbitMQ's management HTTP API (https://www.rabbitmq.com/docs/management#http-api) that are needed to
/// give users rights and to remove what they left, all in the virtual host of <see cref="RabbitMqOptions"/>.
/// </summary>
/// <param name="http">Any client.</param>
/// <param name="options">Where it is, and who asks: a user with the tag <c>administrator</c>.</param>
public sealed class RabbitMqManagement(HttpClient http, IOptions<RabbitMqOptions> options)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>False where the installation has no management API: then there is nothing of triggers in the broker either.</summary>
    public bool IsThere => options.Value.ManagementUrl is not null;

    private string VirtualHost => Uri.EscapeDataString(options.Value.VirtualHost);

    /// <returns>Null where there is no such user.</returns>
    public Task<BrokerUser?> FindUserAsync(string name, CancellationToken cancellationToken) =>
        GetAsync<BrokerUser>($"users/{Uri.EscapeDataString(name)}", cancellationToken);

    public async Task<IReadOnlyList<BrokerUser>> ListUsersAsync(CancellationToken cancellationToken) =>
        await GetAsync<List<BrokerUser>>("users?columns=name", cancellationToken) ?? [];

    public async Task<IReadOnlyList<BrokerObject>> ListQueuesAsync(CancellationToken cancellationToken) =>
        await GetAsync<List<BrokerObject>>($"queues/{VirtualHost}?columns=name,exclusive", cancellationToken) ?? [];

    public async Task<IReadOnlyList<BrokerObject>> ListExchangesAsync(CancellationToken cancellationToken) =>
        await GetAsync<List<BrokerObject>>($"exchanges/{VirtualHost}?columns=name", cancellationToken) ?? [];

    /// <summary>Makes a user without tags, or gives it this password.</summary>
    public Task PutUserAsync(string name, string password, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, $"users/{Uri.EscapeDataString(name)}", new { password, tags = "" }, cancellationToken);

    /// <summary>Lets a user configure, write and read what the regular expression matches, and nothing else.</summary>
    public Task PutPermissionsAsync(string user, string pattern, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Put, $"permissions/{VirtualHost}/{Uri.EscapeDataString(user)}", new { configure = pattern, write = pattern, read = pattern }, cancellationToken);

    /// <summary>The broker closes the connections of a user that is deleted. One that is gone is no error; so with the others.</summary>
    public Task DeleteUserAsync(string name, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, $"users/{Uri.EscapeDataString(name)}", null, cancellationToken);

    public Task DeleteQueueAsync(string name, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, $"queues/{VirtualHost}/{Uri.EscapeDataString(name)}", null, cancellationToken);

    public Task DeleteExchangeAsync(string name, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, $"exchanges/{VirtualHost}/{Uri.EscapeDataString(name)}", null, cancellationToken);

    private async Task<T?> GetAsync<T>(string path, CancellationToken cancellationToken)
        where T : class
    {
        using var response = await AnswerAsync(HttpMethod.Get, path, null, cancellationToken).ConfigureAwait(false);
        return response is null ? null : await response.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, cancellationToken).ConfigureAwait(false);
    }

    private async Task SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var response = await AnswerAsync(method, path, body, cancellationToken).ConfigureAwait(false);
        if (response is null && method != HttpMethod.Delete)
            throw new BrokerException($"RabbitMQ's management API knows nothing of {path}: does the virtual host {options.Value.VirtualHost} exist?");
    }

    /// <returns>Null for 404.</returns>
    private async Task<HttpResponseMessage?> AnswerAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        var root = options.Value.ManagementUrl
            ?? throw new BrokerException("This installation has no management API of RabbitMQ: set RabbitMq__ManagementUrl.");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Timeout);
        using var request = new HttpRequestMessage(method, new Uri($"{root.AbsoluteUri.TrimEnd('/')}/api/{path}"));
        var credentials = Encoding.UTF8.GetBytes($"{options.Value.Username}:{options.Value.Password}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(credentials));
        if (body is not null)
            request.Content = JsonContent.Create(body);
        try
        {
            var response = await http.SendAsync(request, patience.Token).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return response;
            using (response)
            {
                if (response.StatusCode == HttpStatusCode.NotFound)
                    return null;
                var words = await response.Content.ReadAsStringAsync(patience.Token).ConfigureAwait(false);
                throw new BrokerException($"RabbitMQ's management API answered {(int)response.StatusCode} to {method} {path}: {words}{Remedy(response.StatusCode)}");
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new BrokerException($"RabbitMQ's management API at {root} does not answer: {e.Message}", e);
        }
    }

    private static string Remedy(HttpStatusCode status) => status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
        ? "\nRemedy: give the user of RabbitMq__Username the tag administrator." : "";
}
