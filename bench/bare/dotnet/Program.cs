// Kestrel, bare, for bench-runtimes.
var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(System.Net.IPAddress.Loopback, 0));
var app = builder.Build();
app.Run(_ => Task.CompletedTask);
await app.StartAsync();
var addresses = app.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>().Features.Get<Microsoft.AspNetCore.Hosting.Server.Features.IServerAddressesFeature>()!;
Console.WriteLine($$"""{"message":"Listening.","port":{{new Uri(addresses.Addresses.First()).Port}}}""");
await app.WaitForShutdownAsync();
