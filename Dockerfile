# The app for visitors. `deploy/README.md` says how it is built and run.
FROM python:3.11-slim

# Hugging Face Spaces runs every image as this user, too.
RUN useradd --uid 1000 --create-home detok
WORKDIR /home/detok/app

COPY requirements.txt .
# PyTorch without CUDA, which takes gigabytes.
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu -r requirements.txt
COPY . .

USER detok
# The app opens on GPT-2 where it is there, else on the model that comes along.
ARG MODEL=gpt2
RUN python -m detok fetch "$MODEL" || echo "$MODEL was not fetched: the image is built without it"

ENV DETOK_HOSTED=1 STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_PORT=8501
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s \
    CMD python -c "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health', timeout=9)"
CMD ["sh", "-c", "python -m detok ready && exec python -m detok app"]
