const string version = "v1.0";

if (args is ["--version"])
{
    Console.WriteLine(version);
    return;
}

var app = WebApplication.CreateBuilder(args).Build();
app.MapGet("/", () => $"Hello, World! {version}");
app.Run();
