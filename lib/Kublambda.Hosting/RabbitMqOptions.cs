using System.ComponentModel.DataAnnotations;

namespace Kublambda.Hosting;

/// <summary>Where the bus is: section <c>RabbitMq</c>. A setting that is missing or empty stops the start.</summary>
public sealed record RabbitMqOptions
{
    public const string Section = "RabbitMq";

    [Required]
    public string Host { get; init; } = "";

    [Range(1, 65535)]
    public ushort Port { get; init; } = 5672;

    [Required]
    public string VirtualHost { get; init; } = "/";

    [Required]
    public string Username { get; init; } = "";

    [Required]
    public string Password { get; init; } = "";

    /// <summary>
    /// Where the management API is, for example <c>http://rabbitmq:15672</c>. Absent: this installation has none, and no
    /// resource triggers.
    /// </summary>
    public Uri? ManagementUrl { get; init; }
}
